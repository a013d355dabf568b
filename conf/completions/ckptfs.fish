# SPDX-License-Identifier: Apache-2.0
# fish: ckptfs and ckptool say themselves what can stand there (--complete). make install has it for both.

function __ckptfs_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l plain (string unescape -- $word 2> /dev/null)
    and set word $plain
    set -l lines ($words[1] --complete $words[2..] "$word" 2> /dev/null)
    set -l first (string split -m 1 \t -- $lines[1])
    set -q lines[2]
    and printf '%s\n' $lines[2..]
    set -l path (string sub -s (math (string length -- "$first[2]") + 1) -- "$word")
    switch "$first[1]"
        case files
            for file in (__fish_complete_path "$path")
                printf '%s\n' "$first[2]$file"
            end
        case directories
            __fish_complete_directories "$path"
    end
end

complete -c ckptfs -c ckptool -f -a '(__ckptfs_complete)'
