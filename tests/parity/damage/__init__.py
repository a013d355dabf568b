# SPDX-License-Identifier: Apache-2.0
"""Damaged checkpoints: what TensorFlow says of each, and where."""
