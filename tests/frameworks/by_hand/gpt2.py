# SPDX-License-Identifier: Apache-2.0
"""OpenAI's GPT-2."""

import numpy as np

from .functions import by_heads, gelu_tanh, joined, normalized, softmax


def gpt2(arrays, heads, words):
    """The logits of words: [batch, length, vocabulary]"""

    def norm(scope, x):
        return normalized(x, arrays[f"{scope}/g"], arrays[f"{scope}/b"], 1e-5)

    def conv1d(scope, x):
        return x @ arrays[f"{scope}/w"][0] + arrays[f"{scope}/b"]

    def attention(scope, x):
        q, k, v = (by_heads(part, heads) for part in np.split(conv1d(f"{scope}/c_attn", x), 3, -1))
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(v.shape[-1])
        seen = np.tril(np.ones(scores.shape[-2:], bool))
        return conv1d(f"{scope}/c_proj", joined(softmax(np.where(seen, scores, -1e10)) @ v))

    x = arrays["model/wte"][words] + arrays["model/wpe"][: words.shape[1]]
    for i in range(len({name.split("/")[1] for name in arrays if name.startswith("model/h")})):
        layer = f"model/h{i}"
        x = x + attention(f"{layer}/attn", norm(f"{layer}/ln_1", x))
        x = x + conv1d(f"{layer}/mlp/c_proj", gelu_tanh(conv1d(f"{layer}/mlp/c_fc", norm(f"{layer}/ln_2", x))))
    return norm("model/ln_f", x) @ arrays["model/wte"].T
