# SPDX-License-Identifier: Apache-2.0
"""The forward passes of the models that ready maps are for, in NumPy and in float64, written after the original TensorFlow code: with
its names, and its orientation of kernels. What a library computes from a mount is held against these."""
