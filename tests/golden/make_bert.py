#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the golden checkpoint of a tiny BERT with TensorFlow itself.

    "$(scripts/venv)/bin/python" tests/golden/make_bert.py [--out DIR]

Its variables have the names of Google's original code (bert/modeling.py and run_pretraining.py of its research repository), random
values and the sizes of tests/frameworks/bert/config.json. The kernels of dense layers are [inputs, outputs], as TensorFlow has them, where
PyTorch has [outputs, inputs].
"""

import json

import golden  # before TensorFlow: it sets its environment

import numpy as np

case = golden.Cases()
CONFIG = golden.ROOT / "tests" / "frameworks" / "bert" / "config.json"


def dense(scope, inputs, outputs):
    return {f"{scope}/kernel": [inputs, outputs], f"{scope}/bias": [outputs]}


def layer_norm(scope, size):
    return {f"{scope}/LayerNorm/beta": [size], f"{scope}/LayerNorm/gamma": [size]}


def shapes(config):
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    found = {
        "bert/embeddings/word_embeddings": [vocabulary, hidden],
        "bert/embeddings/token_type_embeddings": [config["type_vocab_size"], hidden],
        "bert/embeddings/position_embeddings": [config["max_position_embeddings"], hidden],
        **layer_norm("bert/embeddings", hidden),
    }
    for i in range(config["num_hidden_layers"]):
        layer = f"bert/encoder/layer_{i}"
        for name in ("query", "key", "value"):
            found |= dense(f"{layer}/attention/self/{name}", hidden, hidden)
        found |= dense(f"{layer}/attention/output/dense", hidden, hidden) | layer_norm(f"{layer}/attention/output", hidden)
        found |= dense(f"{layer}/intermediate/dense", hidden, inner)
        found |= dense(f"{layer}/output/dense", inner, hidden) | layer_norm(f"{layer}/output", hidden)
    found |= dense("bert/pooler/dense", hidden, hidden)
    found |= dense("cls/predictions/transform/dense", hidden, hidden) | layer_norm("cls/predictions/transform", hidden)
    found |= {"cls/predictions/output_bias": [vocabulary]}
    return found | {"cls/seq_relationship/output_weights": [2, hidden], "cls/seq_relationship/output_bias": [2]}


@case
def case_bert(directory):
    noise = np.random.default_rng(14)
    tensors = [("global_step", np.int64(1000), None)]
    for name, shape in shapes(json.loads(CONFIG.read_text())).items():
        values = noise.normal(1 if name.endswith("gamma") else 0, 0.5, shape).astype(np.float32)
        tensors.append((name, values, None))
    golden.save_and_tell(directory, "bert_model.ckpt", sorted(tensors, key=lambda tensor: tensor[0]))


if __name__ == "__main__":
    case.main("Make the golden checkpoint of a tiny BERT with TensorFlow.")
