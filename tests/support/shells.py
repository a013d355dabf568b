# SPDX-License-Identifier: Apache-2.0
"""Real shells on a terminal of their own, with the completions of conf/completions in them."""

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import termios

from support.paths import BUILD, ROOT

SECONDS_MOST = 60
CONF = ROOT / "conf" / "completions"
START = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--private", "--no-config", "-i"],
}
SETUP = {
    "bash": "bind 'set bell-style none' 'set enable-bracketed-paste off'; . {conf}/ckptfs.bash; PS1='ready> '",
    "zsh": "unset zle_bracketed_paste; setopt NO_BEEP; fpath=({functions} $fpath); autoload -Uz compinit && compinit -u -D; zstyle ':completion:*' insert-tab false; PS1='ready> '",
    "fish": "function fish_prompt; echo -n 'ready> '; end; function fish_greeting; end; source {conf}/ckptfs.fish",
}


def plain(text):
    """Text without what moves a cursor or colours it, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\x1b\(B", "", text))


class Shell:
    """One that reads what is typed. It finds the programs by their names."""

    def __init__(self, name, folder):
        self.name = name
        self.out = folder / "out.txt"
        functions = folder / "functions"
        functions.mkdir(exist_ok=True)
        shutil.copy(CONF / "_ckptfs", functions)
        env = {"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "xterm", "LC_ALL": "C.UTF-8",
               "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
        self.main, side = pty.openpty()
        self.child = subprocess.Popen(START[name], stdin=side, stdout=side, stderr=side, env=env, cwd=folder, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(side)
        self.text = ""
        self.send(SETUP[name].format(conf=CONF, functions=functions) + "\n")
        self.send("echo be''gun\n")
        self.wait_for("begun")

    def send(self, text):
        os.write(self.main, text.encode())

    def read(self):
        ready, _, _ = select.select([self.main], [], [], SECONDS_MOST)
        assert ready, f"{self.name} says no more: {self.text[-500:]!r}"
        try:
            self.text += os.read(self.main, 65536).decode(errors="replace")
        except OSError as error:
            raise AssertionError(f"{self.name} ended: {self.text[-500:]!r}") from error

    def wait_for(self, words):
        """Reads until these words have come, and throws away what came until then."""
        while words not in self.text:
            self.read()
        self.text = self.text.split(words, 1)[1]

    def typed(self, line):
        """The words that the shell makes of the line, in which a tab completes."""
        self.send(line + f"\x01printf '%s\\n' \x05 > {self.out}; echo en''ded\n")
        self.wait_for("ended")
        return self.out.read_text().splitlines()

    def shows(self, line, *words):
        """Waits until the terminal shows all of these words, after the line, which ends in a tab or two. It is thrown away."""
        self.send(line)
        while not all(word in plain(self.text) for word in words):
            self.read()
        self.text = ""
        self.send("\x15echo en''ded\n")
        self.wait_for("ended")

    def close(self):
        os.close(self.main)
        self.child.kill()
        self.child.wait()
