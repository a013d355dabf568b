# SPDX-License-Identifier: Apache-2.0
"""What several models compute."""

import math

import numpy as np


def softmax(x):
    raised = np.exp(x - x.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu_tanh(x):
    return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def gelu_erf(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def normalized(x, gamma, beta, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * gamma + beta


def by_heads(x, heads):
    """[batch, length, heads * width] to [batch, heads, length, width]"""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def joined(x):
    """by_heads, undone"""
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)
