# SPDX-License-Identifier: Apache-2.0
"""What the compiler and the linker did to the programs so that they are harder to take over."""

import platform
import re
import subprocess

import pytest

from support.paths import BUILD

PROGRAMS = ["ckptfs", "ckptool"]


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, BUILD / program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_stands_where_it_is_expected_or_is_written_that_need_not_be(program):
    """Position-independent; the table of functions is filled at the start and read-only from then on; no stack is executable."""
    dynamic = readelf(program, "-d")
    assert re.search(r"\(FLAGS_1\) .*\bPIE\b", dynamic) and re.search(r"\(FLAGS_1\) .*\bNOW\b", dynamic)
    headers = readelf(program, "-l")
    assert "Elf file type is DYN" in headers
    assert re.search(r"^ *GNU_RELRO ", headers, re.M)
    assert re.search(r"^ *GNU_STACK .* RW +0x", headers, re.M)
    loads = re.findall(r"^ *LOAD .* ([R ][W ][E ]) 0x", headers, re.M)
    assert loads and not [flags for flags in loads if "W" in flags and "E" in flags]


@pytest.mark.parametrize("program", PROGRAMS)
def test_stacks_and_buffers_are_watched(program):
    imported = set(re.findall(r" UND (\w+)@", readelf(program, "--dyn-syms")))
    assert "__stack_chk_fail" in imported
    checked = {name for name in imported if name.endswith("_chk")}  # which of them depends on what the compiler can see
    assert "__snprintf_chk" in checked and len(checked) >= 4, checked
    binary = (BUILD / program).read_bytes()
    if b"GNU C" in binary:  # which writes down its options
        assert b"-fstack-clash-protection" in binary


@pytest.mark.parametrize("program", PROGRAMS)
def test_functions_begin_where_jumps_may_lead(program):
    begin = {"x86_64": "endbr64", "aarch64": "(paciasp|bti)"}[platform.machine()]
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=main", BUILD / program], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"<main>:\n +[0-9a-f]+:\t{begin}", code), code[:400]
