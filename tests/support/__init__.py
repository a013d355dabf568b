# SPDX-License-Identifier: Apache-2.0
"""What the Python tests of all folders share (`from support import ...`); the C files are that of the unit tests and the fuzz targets.

    paths        where the repository, its goldens and the programs under test are
    tool         running ckptool; the goldens that its tests use
    mounts       running ckptfs; the `ckptfs` fixture of tests/conftest.py hands one out
    truth        the golden checkpoints and what their tensors hold
    views        golden checkpoints under maps of every kind, and what each tensor of the view has to be
    numpy_files  what a .npy or safetensors file has to be
    opens        whether anybody opened a file
    encoder      writes whatever a checkpoint can be, to the byte; bundle (V2) and legacy (V1) write simple ones in a line
"""
