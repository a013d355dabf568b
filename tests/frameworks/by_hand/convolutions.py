# SPDX-License-Identifier: Apache-2.0
"""EfficientNet of Google's TPU code and MobileNet v1 of TF-Slim. Images are [batch, height, width, channels]."""

import numpy as np

from support.originals import MOBILENET, efficientnet_blocks

from .functions import sigmoid


def windows(x, kernel, stride):
    """What each place of the result sees, padded as SAME: [batch, height, width, kernel, kernel, channels]"""
    for axis in (1, 2):
        size = x.shape[axis]
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        around = [(0, 0)] * 4
        around[axis] = (missing // 2, missing - missing // 2)
        x = np.pad(x, around)
    seen = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    return seen.transpose(0, 1, 2, 4, 5, 3)


def convolution(x, weights, stride=1):
    if weights.shape[:2] == (1, 1) and stride == 1:
        return x @ weights[0, 0]
    return np.tensordot(windows(x, weights.shape[0], stride), weights, 3)


def depthwise(x, weights, stride):
    return np.einsum("bhwijc,ijc->bhwc", windows(x, weights.shape[0], stride), weights[..., 0])


def batch_norm(arrays, scope, x):
    gamma, beta, mean, variance = (arrays[f"{scope}/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance"))
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def relu6(x):
    return np.clip(x, 0, 6)


def swish(x):
    return x * sigmoid(x)


def efficientnet(arrays, kind, images):
    """The logits of classes."""
    top, bn, activation = f"efficientnet-{kind}", "tpu_batch_normalization", relu6 if kind.startswith("lite") else swish

    def norm(scope, n, x):
        return batch_norm(arrays, f"{scope}/{bn}" + (f"_{n}" if n else ""), x)

    def squeeze(scope, x):
        y = x.mean((1, 2), keepdims=True)
        for n, function in (("", activation), ("_1", sigmoid)):
            y = function(convolution(y, arrays[f"{scope}/conv2d{n}/kernel"]) + arrays[f"{scope}/conv2d{n}/bias"])
        return x * y

    x = activation(norm(f"{top}/stem", 0, convolution(images, arrays[f"{top}/stem/conv2d/kernel"], 2)))
    for i, (inputs, outputs, _, stride, expansion) in enumerate(efficientnet_blocks(kind)):
        scope, before, n = f"{top}/blocks_{i}", x, 0
        if expansion != 1:
            x = activation(norm(scope, n, convolution(x, arrays[f"{scope}/conv2d/kernel"])))
            n += 1
        x = activation(norm(scope, n, depthwise(x, arrays[f"{scope}/depthwise_conv2d/depthwise_kernel"], stride)))
        if f"{scope}/se/conv2d/kernel" in arrays:
            x = squeeze(f"{scope}/se", x)
        x = norm(scope, n + 1, convolution(x, arrays[f"{scope}/conv2d{'_1' if n else ''}/kernel"]))
        if stride == 1 and x.shape == before.shape:
            x = x + before
    x = activation(norm(f"{top}/head", 0, convolution(x, arrays[f"{top}/head/conv2d/kernel"])))
    return x.mean((1, 2)) @ arrays[f"{top}/head/dense/kernel"] + arrays[f"{top}/head/dense/bias"]


def mobilenet(arrays, images):
    """The logits of classes."""
    top = "MobilenetV1"
    x = relu6(batch_norm(arrays, f"{top}/Conv2d_0/BatchNorm", convolution(images, arrays[f"{top}/Conv2d_0/weights"], 2)))
    for n, (stride, _) in enumerate(MOBILENET, 1):
        scope = f"{top}/Conv2d_{n}_depthwise"
        x = relu6(batch_norm(arrays, f"{scope}/BatchNorm", depthwise(x, arrays[f"{scope}/depthwise_weights"], stride)))
        scope = f"{top}/Conv2d_{n}_pointwise"
        x = relu6(batch_norm(arrays, f"{scope}/BatchNorm", convolution(x, arrays[f"{scope}/weights"])))
    scope = f"{top}/Logits/Conv2d_1c_1x1"
    return x.mean((1, 2)) @ arrays[f"{scope}/weights"][0, 0] + arrays[f"{scope}/biases"]
