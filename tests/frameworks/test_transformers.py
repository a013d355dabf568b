# SPDX-License-Identifier: Apache-2.0
"""A BERT with Google's variable names is a model of transformers through a map: `from_pretrained(MOUNT)`.

The other model is built by hand from the arrays of truth.json. Where each goes is spelt out here as code, apart from the map.
"""

import re
from pathlib import Path

import pytest
import torch
import transformers

from support.views import read_golden

HERE = Path(__file__).resolve().parent / "bert"
MAP = (HERE / "map.ini").read_text()
WORDS = torch.tensor([[2, 5, 7, 9, 3, 0], [2, 6, 8, 10, 25, 3]])
MASK = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
SEGMENTS = torch.tensor([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]])


def put(parameter, scope, name, arrays, turned=False):
    array = arrays.pop(f"{scope}/{name}")
    value = torch.from_numpy((array.T if turned else array).copy())
    assert value.shape == parameter.shape, (scope, name)
    with torch.no_grad():
        parameter.copy_(value)


def put_dense(layer, scope, arrays):
    put(layer.weight, scope, "kernel", arrays, turned=True)
    put(layer.bias, scope, "bias", arrays)


def put_norm(layer, scope, arrays):
    put(layer.weight, scope + "/LayerNorm", "gamma", arrays)
    put(layer.bias, scope + "/LayerNorm", "beta", arrays)


def by_hand():
    """The model, and nothing of the checkpoint is left over."""
    arrays = {name: tensor.array for name, tensor in read_golden("bert")[1].items()}
    model = transformers.BertForPreTraining(transformers.BertConfig.from_pretrained(HERE))
    words, bert, cls = "bert/embeddings", model.bert, model.cls
    put(bert.embeddings.word_embeddings.weight, words, "word_embeddings", arrays)
    put(bert.embeddings.token_type_embeddings.weight, words, "token_type_embeddings", arrays)
    put(bert.embeddings.position_embeddings.weight, words, "position_embeddings", arrays)
    put_norm(bert.embeddings.LayerNorm, words, arrays)
    for i, layer in enumerate(bert.encoder.layer):
        scope = f"bert/encoder/layer_{i}"
        put_dense(layer.attention.self.query, scope + "/attention/self/query", arrays)
        put_dense(layer.attention.self.key, scope + "/attention/self/key", arrays)
        put_dense(layer.attention.self.value, scope + "/attention/self/value", arrays)
        put_dense(layer.attention.output.dense, scope + "/attention/output/dense", arrays)
        put_norm(layer.attention.output.LayerNorm, scope + "/attention/output", arrays)
        put_dense(layer.intermediate.dense, scope + "/intermediate/dense", arrays)
        put_dense(layer.output.dense, scope + "/output/dense", arrays)
        put_norm(layer.output.LayerNorm, scope + "/output", arrays)
    put_dense(bert.pooler.dense, "bert/pooler/dense", arrays)
    put_dense(cls.predictions.transform.dense, "cls/predictions/transform/dense", arrays)
    put_norm(cls.predictions.transform.LayerNorm, "cls/predictions/transform", arrays)
    put(cls.predictions.bias, "cls/predictions", "output_bias", arrays)
    put(cls.seq_relationship.weight, "cls/seq_relationship", "output_weights", arrays)
    put(cls.seq_relationship.bias, "cls/seq_relationship", "output_bias", arrays)
    assert set(arrays) == {"global_step"}
    return model.eval()


def outputs(model):
    with torch.no_grad():
        return [value for value in model(WORDS, attention_mask=MASK, token_type_ids=SEGMENTS).to_tuple() if value is not None]


def same(first, second):
    assert len(first) == len(second) and len(first) >= 2
    assert all(a.isfinite().all() and a.std() > 0.01 for a in first)
    return all(torch.equal(a, b) for a, b in zip(first, second))


def load(kind, path):
    """The model, which found each of its parameters."""
    model, info = kind.from_pretrained(path, output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    return model.eval(), info


def mount_with(ckptfs, view="", text=MAP):
    """The map of the BERT, or one that was made of it, with lines for [view]."""
    path = ckptfs.tmp / f"bert{ckptfs.count}.ini"
    for name in ("../../golden", "config.json", "vocab.txt", "tokenizer_config.json"):
        text = text.replace(f"= {name}", f"= {HERE / name}")  # from where it is now
    path.write_text(text + (f"\n[view]\n{view}\n" if view else ""))
    return ckptfs.mount(map=path)


def test_the_whole_model(ckptfs):
    mount = ckptfs.mount(map=HERE / "map.ini")  # names its checkpoint and its sidecars, relative to itself
    model, info = load(transformers.BertForPreTraining, mount.path)
    assert not info["unexpected_keys"]
    hand = by_hand()
    assert same(outputs(model), outputs(hand))
    states = model.state_dict(), hand.state_dict()
    assert set(states[0]) == set(states[1])
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    # The outputs do tell a difference.
    with torch.no_grad():
        hand.bert.encoder.layer[1].attention.self.key.weight[0, 0] += 0.25
    assert not same(outputs(model), outputs(hand))


def test_the_bare_model(ckptfs):
    model, _ = load(transformers.BertModel, mount_with(ckptfs).path)
    assert same(outputs(model), outputs(by_hand().bert))


def test_the_auto_class_and_the_tokenizer(ckptfs):
    mount = mount_with(ckptfs)
    model, _ = load(transformers.AutoModelForPreTraining, mount.path)
    assert isinstance(model, transformers.BertForPreTraining)
    assert same(outputs(model), outputs(by_hand()))
    tokenizer = transformers.AutoTokenizer.from_pretrained(mount.path)
    assert tokenizer("The cat sat on the mat.")["input_ids"] == [2, 5, 7, 9, 11, 5, 13, 28, 3]


@pytest.mark.parametrize("size", ["1KB", "3KiB"])
def test_cut_as_the_hub_does(ckptfs, size):
    mount = mount_with(ckptfs, f"shard_size = {size}")
    assert len(list(mount.path.glob("model-*.safetensors"))) > 1
    model, info = load(transformers.BertForPreTraining, mount.path)
    assert not info["unexpected_keys"]
    assert same(outputs(model), outputs(by_hand()))


def test_in_half_precision(ckptfs):
    """What the map casts is what transformers casts when it loads."""
    text = re.sub(r"^((bert|cls)/.*)$", r"\1 | cast bfloat16", MAP, flags=re.MULTILINE)
    mount = mount_with(ckptfs, text=text)
    model = transformers.BertForPreTraining.from_pretrained(mount.path, dtype="auto").eval()
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert same([value.float() for value in outputs(model)], [value.float() for value in outputs(by_hand().to(torch.bfloat16))])
