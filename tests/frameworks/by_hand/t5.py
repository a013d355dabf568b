# SPDX-License-Identifier: Apache-2.0
"""T5 of mesh TensorFlow, with plain layers and with gated ones."""

import math

import numpy as np

from .functions import by_heads, gelu_tanh, joined, softmax


def bucket(distance, both_ways, count=32, furthest=128):
    """Of where a word is, seen from another, the bucket."""
    found, behind = 0, -distance
    if both_ways:
        count //= 2
        found, behind = count * (behind < 0), abs(behind)
    behind = max(behind, 0)
    exact = count // 2
    if behind < exact:
        return found + behind
    far = exact + int(math.log(behind / exact) / math.log(furthest / exact) * (count - exact))
    return found + min(far, count - 1)


class Stack:
    def __init__(self, arrays, name, heads):
        self.arrays, self.name, self.heads = arrays, name, heads
        self.gated = f"{name}/block_000/layer_001/DenseReluDense/wi_0/kernel" in arrays or (
            f"{name}/block_000/layer_002/DenseReluDense/wi_0/kernel" in arrays)

    def norm(self, scope, x, *names):
        scale = next(self.arrays[f"{scope}/{name}/scale"] for name in names if f"{scope}/{name}/scale" in self.arrays)
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * scale

    def bias(self, length, both_ways):
        table = self.arrays[f"{self.name}/block_000/layer_000/SelfAttention/relative_attention_bias"]
        return np.array([[table[:, bucket(there - here, both_ways)] for there in range(length)] for here in range(length)]).transpose(2, 0, 1)

    def attention(self, scope, x, memory, bias):
        q = by_heads(x @ self.arrays[f"{scope}/q"], self.heads)
        k, v = (by_heads(memory @ self.arrays[f"{scope}/{name}"], self.heads) for name in "kv")
        return joined(softmax(q @ k.swapaxes(-1, -2) + bias) @ v) @ self.arrays[f"{scope}/o"]

    def dense(self, scope, x):
        def inner(name):
            return x @ self.arrays[f"{scope}/{name}/kernel"]

        h = gelu_tanh(inner("wi_0")) * inner("wi_1") if self.gated else np.maximum(inner("wi"), 0)
        return h @ self.arrays[f"{scope}/wo/kernel"]

    def run(self, x, bias, memory=None, memory_bias=None):
        blocks = {name.split("/")[1] for name in self.arrays if name.startswith(f"{self.name}/block_")}
        for block in sorted(blocks):
            for n in range(2 if memory is None else 3):
                at = f"{self.name}/{block}/layer_{n:03d}"
                y = self.norm(at, x, "layer_norm", "rms_norm")
                if n == 0:
                    y = self.attention(f"{at}/SelfAttention", y, y, bias)
                elif n == 1 and memory is not None:
                    y = self.attention(f"{at}/EncDecAttention", y, memory, memory_bias)
                else:
                    y = self.dense(f"{at}/DenseReluDense", y)
                x = x + y
        return self.norm(self.name, x, "final_layer_norm", "rms_norm")


def t5(arrays, heads, words, mask, targets):
    """The logits of the decoder's words; `mask` has 0 for words that nobody looks at."""
    encoder, decoder, embedding = Stack(arrays, "encoder", heads), Stack(arrays, "decoder", heads), arrays["shared/embedding"]
    hidden = np.where(mask, 0.0, -1e9)[:, None, None, :]
    memory = encoder.run(embedding[words], encoder.bias(words.shape[1], True) + hidden)
    length = targets.shape[1]
    later = np.where(np.tril(np.ones((length, length), bool)), 0.0, -1e9)
    x = decoder.run(embedding[targets], decoder.bias(length, False) + later, memory, hidden)
    if "decoder/logits/kernel" in arrays:
        return x @ arrays["decoder/logits/kernel"]
    return x * embedding.shape[1] ** -0.5 @ embedding.T
