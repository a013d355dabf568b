# SPDX-License-Identifier: Apache-2.0
"""The maps of conf/maps: a checkpoint with the names and the orientation of the original code is a model of transformers or timm.

TensorFlow writes the checkpoints (write_originals.py), small and random (support/originals.py). The library loads the mount, finds each
of its parameters and leaves none, and computes what `by_hand` computes from the same arrays."""

import json
import os
import subprocess
import zlib

import numpy as np
import pytest
import timm
import torch
import transformers
from safetensors.torch import load_file

from frameworks import by_hand
from frameworks.by_hand import convolutions, encoders
from frameworks.by_hand.gpt2 import gpt2
from frameworks.by_hand.t5 import t5
from support import originals
from support.paths import ROOT
from tool.test_ready_maps import plan, write

SEGMENTS = np.array([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]])
WORDS = np.array([[2, 5, 7, 9, 3, 0], [2, 6, 8, 10, 25, 3]])
MASK = np.array([[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]])
TARGETS = np.array([[0, 4, 8, 15, 16], [0, 23, 3, 1, 0]])
AVERAGE = "/ExponentialMovingAverage"
OBJECTS = ("garden", "garden_layers", "garden_pretrained")


def random(model, seed):
    """Arrays of those names and shapes. What is a scale or a variance is about one, and words stay apart from each other: so outputs
    tell from which weights they are."""
    gain = 1.5 if seed.startswith(("efficientnet", "mobilenet")) else 0.5
    made = np.random.default_rng(zlib.crc32(seed.encode()))

    def array(name, shape):
        values = made.standard_normal(shape)
        if name.endswith(("moving_variance", "gamma", "/g", "/scale")):
            return 1 + 0.2 * np.tanh(values)
        if len(shape) < 2:
            return 0.2 * values
        if "embedding" in name and "kernel" not in name or name.endswith(("/wte", "/wpe")):
            return values
        inputs = np.prod(shape[:2] if name.endswith(("depthwise_kernel", "depthwise_weights")) else shape[:-1])
        return values * (gain / inputs) ** 0.5

    return {name: array(name, shape).astype(np.float32) for name, shape in model.items()}


def averaged(weights, extra):
    """The arrays of `weights` as shadows of others."""
    other = random({name: list(array.shape) for name, array in weights.items()}, "efficientnet or mobilenet, before")
    return other, {**extra, **{name + AVERAGE: array for name, array in weights.items()}}


def originals_of_all():
    """{name: (the arrays of the model, those of everything else in the checkpoint)}"""
    shapes = {name: getattr(originals, name)() for name in (
        "bert", "bert_classifier", "bert_squad", "garden", "garden_layers", "garden_pretrained", "albert", "electra", "electra_base", "gpt2", "t5", "t5_gated",
        "efficientnet", "mobilenet")}
    shapes["efficientnet_lite"] = originals.efficientnet("lite0")
    return {name: (random(model, name), {k: np.zeros(shape, np.float32) for k, shape in extra.items()})
            for name, (model, extra) in shapes.items()}


class Checkpoints:
    """All of them, written at once: TensorFlow takes seconds to start."""

    def __init__(self, folder):
        self.folder, self.arrays, listed = folder, {}, {}
        for name, (model, extra) in originals_of_all().items():
            self.add(name, model, {**model, **extra}, listed)
        for name in ("efficientnet", "mobilenet"):
            model, extra = self.arrays[name], {}
            other, extra = averaged(model, extra)
            self.add(f"{name}_averaged", model, {**other, **extra}, listed)
        (folder / "list.json").write_text(json.dumps(listed))
        python = subprocess.run([ROOT / "scripts" / "venv"], capture_output=True, text=True, check=True).stdout.strip() + "/bin/python"
        subprocess.run([python, ROOT / "tests" / "frameworks" / "write_originals.py", folder / "list.json"], check=True)

    def add(self, name, model, everything, listed):
        self.arrays[name] = model
        (self.folder / name).mkdir()
        np.savez(self.folder / f"{name}.npz", **everything)
        listed[str(self.folder / name / "model.ckpt")] = {"arrays": str(self.folder / f"{name}.npz"), "objects": name in OBJECTS}

    def of(self, name):
        return self.folder / name / "model.ckpt", {key: array.astype(np.float64) for key, array in self.arrays[name].items()}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return Checkpoints(tmp_path_factory.mktemp("originals"))


def same(found, hand):
    """Whether all are equal but for the rounding of float32."""
    assert len(found) == len(hand)
    assert all(np.isfinite(b).all() and b.std() > 0.01 for b in hand), [b.std() for b in hand]
    return all(a.shape == b.shape and abs(a - b).max() < 1e-4 * b.std() for a, b in zip(found, hand))


def numbers(values):
    return [value.numpy() for value in values]


def hold_names(mount, map, name):
    """tests/tool/ready_maps has the names and shapes that are shown here; CKPTFS_UPDATE=1 writes it."""
    path = ROOT / "tests" / "tool" / "ready_maps" / f"{map}.{name}.txt"
    shown = load_file(mount / "model.safetensors")
    text = "".join(f"{key} {list(value.shape)}\n" for key, value in sorted(shown.items()))
    if os.environ.get("CKPTFS_UPDATE"):
        path.write_text(text)
    assert path.read_text() == text


def from_mount(kind, mount):
    """The model, which found each of its parameters, and left none."""
    model, info = kind.from_pretrained(mount, output_loading_info=True)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    assert {value.dtype for value in load_file(mount / "model.safetensors").values()} == {torch.float32}
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    return model.eval()


def check(run, model, hand):
    """That the model gives what was computed by hand, and that a difference of one parameter would be seen."""
    with torch.no_grad():
        assert same(numbers(run(model)), hand)
        for name, value in model.named_parameters():
            if name.endswith("weight") and value.dim() > 1 and "embed" not in name and "wpe" not in name:
                kept = value.clone()
                value.copy_(value.flip(0) if value.shape[0] > 1 else -value)
                assert not same(numbers(run(model)), hand), name
                value.copy_(kept)
                break
        else:
            raise AssertionError("no weight to change")


def mounted(ckptfs, checkpoints, map, name, config, file="config.json"):
    prefix, arrays = checkpoints.of(name)
    comment = (ROOT / "conf" / "maps" / f"{map}.ini").read_text().split("[view]")[0]
    assert [key for key in config if key not in comment and key not in ("num_labels", "bos_token_id", "eos_token_id")] == []
    (prefix.parent / file).write_text(json.dumps(config))
    mount = ckptfs.mount(prefix, map=map).path
    hold_names(mount, map, name)
    return mount, arrays


def run_encoder(*outputs):
    def run(model):
        found = model(torch.tensor(WORDS), attention_mask=torch.tensor(MASK), token_type_ids=torch.tensor(SEGMENTS))
        return [found[name] for name in outputs]

    return run


BERT = {**originals.BERT, "model_type": "bert", "hidden_act": "gelu_new"}
HEADS = originals.BERT["num_attention_heads"]


def test_bert(ckptfs, checkpoints):
    mount, arrays = mounted(ckptfs, checkpoints, "bert-to-hf", "bert", {**BERT, "architectures": ["BertForPreTraining"]})
    hand = encoders.bert_pretraining(arrays, HEADS, WORDS, MASK, SEGMENTS)
    model = from_mount(transformers.BertForPreTraining, mount)
    check(run_encoder("prediction_logits", "seq_relationship_logits"), model, hand)
    assert isinstance(transformers.AutoModelForPreTraining.from_pretrained(mount), transformers.BertForPreTraining)


def test_bert_fine_tuned_to_classify(ckptfs, checkpoints):
    mount, arrays = mounted(ckptfs, checkpoints, "bert-to-hf", "bert_classifier", {**BERT, "num_labels": 3})
    _, pooled = encoders.bert(arrays, HEADS, WORDS, MASK, SEGMENTS)
    hand = [pooled @ arrays["output_weights"].T + arrays["output_bias"]]
    check(run_encoder("logits"), from_mount(transformers.BertForSequenceClassification, mount), hand)


def test_bert_fine_tuned_to_answer(ckptfs, checkpoints):
    mount, arrays = mounted(ckptfs, checkpoints, "bert-to-hf", "bert_squad", BERT)
    words, _ = encoders.bert(arrays, HEADS, WORDS, MASK, SEGMENTS)
    logits = words @ arrays["cls/squad/output_weights"].T + arrays["cls/squad/output_bias"]
    model, info = transformers.BertForQuestionAnswering.from_pretrained(mount, output_loading_info=True)
    assert not info["missing_keys"] and set(info["unexpected_keys"]) == {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    check(run_encoder("start_logits", "end_logits"), model.eval(), [logits[..., 0], logits[..., 1]])


def as_google_has_it(arrays):
    """The garden's arrays under Google's names, with matrices for kernels by heads."""
    found, hidden, count = {}, originals.BERT["hidden_size"], originals.BERT["num_hidden_layers"]
    top = ("model" if "model/layer_with_weights-3/beta" in arrays else "encoder") + "/layer_with_weights"
    places = {"word_embeddings": ("masked_lm/embedding_table", f"{top}-0/embeddings"),
              "position_embeddings": ("encoder/_position_embedding_layer/embeddings", f"{top}-1/embeddings"),
              "token_type_embeddings": ("encoder/_type_embedding_layer/embeddings", f"{top}-2/embeddings"),
              "LayerNorm/gamma": ("encoder/_embedding_norm_layer/gamma", f"{top}-3/gamma"),
              "LayerNorm/beta": ("encoder/_embedding_norm_layer/beta", f"{top}-3/beta")}
    for name, keys in places.items():
        found[f"bert/embeddings/{name}"] = next(arrays[key] for key in keys if key in arrays)
    for i in range(count):
        old = f"{top}-{i + 4}" if f"{top}-{i + 4}/_output_dense/bias" in arrays else f"encoder/_transformer_layers/{i}"
        new, output = f"bert/encoder/layer_{i}", f"{old}/_attention_output_dense"
        output = output if f"{output}/kernel" in arrays else f"{old}/_attention_layer/_output_dense"
        for name in ("query", "key", "value"):
            part = f"{old}/_attention_layer/_{name}_dense"
            found[f"{new}/attention/self/{name}/kernel"] = arrays[f"{part}/kernel"].reshape(hidden, hidden)
            found[f"{new}/attention/self/{name}/bias"] = arrays[f"{part}/bias"].reshape(hidden)
        found[f"{new}/attention/output/dense/kernel"] = arrays[f"{output}/kernel"].reshape(hidden, hidden)
        found[f"{new}/attention/output/dense/bias"] = arrays[f"{output}/bias"]
        for there, here, names in (("_attention_layer_norm", "attention/output/LayerNorm", ("gamma", "beta")),
                                   ("_intermediate_dense", "intermediate/dense", ("kernel", "bias")),
                                   ("_output_dense", "output/dense", ("kernel", "bias")),
                                   ("_output_layer_norm", "output/LayerNorm", ("gamma", "beta"))):
            for name in names:
                found[f"{new}/{here}/{name}"] = arrays[f"{old}/{there}/{name}"]
    for name in ("kernel", "bias"):
        keys = (f"encoder/_pooler_layer/{name}", f"next_sentence..pooler_dense/{name}", f"{top}-{count + 4}/{name}")
        found[f"bert/pooler/dense/{name}"] = next(arrays[key] for key in keys if key in arrays)
    return found


@pytest.mark.parametrize("name", ["garden", "garden_pretrained"])
def test_bert_of_the_garden(ckptfs, checkpoints, name):
    mount, arrays = mounted(ckptfs, checkpoints, "bert-garden-to-hf", name, BERT)
    hand = encoders.bert(as_google_has_it(arrays), HEADS, WORDS, MASK, SEGMENTS)
    check(run_encoder("last_hidden_state", "pooler_output"), from_mount(transformers.BertModel, mount), hand)


def test_bert_of_the_garden_with_its_head(ckptfs, checkpoints):
    mount, arrays = mounted(ckptfs, checkpoints, "bert-garden-to-hf", "garden_layers", BERT)
    google = as_google_has_it(arrays)
    for there, here in (("dense/kernel", "transform/dense/kernel"), ("dense/bias", "transform/dense/bias"), ("bias", "output_bias"),
                        ("layer_norm/gamma", "transform/LayerNorm/gamma"), ("layer_norm/beta", "transform/LayerNorm/beta")):
        google[f"cls/predictions/{here}"] = arrays[f"masked_lm/{there}"]
    hidden = originals.BERT["hidden_size"]
    google |= {"cls/seq_relationship/output_weights": np.zeros((2, hidden)), "cls/seq_relationship/output_bias": np.zeros(2)}
    hand = encoders.bert_pretraining(google, HEADS, WORDS, MASK, SEGMENTS)[:1]
    model, info = transformers.BertForMaskedLM.from_pretrained(mount, output_loading_info=True)
    assert not info["missing_keys"] and set(info["unexpected_keys"]) == {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    check(run_encoder("logits"), model.eval(), hand)


def test_albert(ckptfs, checkpoints):
    mount, arrays = mounted(ckptfs, checkpoints, "albert-to-hf", "albert",
                            {**originals.ALBERT, "model_type": "albert", "hidden_act": "gelu_new"})
    hand = encoders.albert_pretraining(arrays, HEADS, originals.ALBERT["num_hidden_layers"], WORDS, MASK, SEGMENTS)
    check(run_encoder("prediction_logits", "sop_logits"), from_mount(transformers.AlbertForPreTraining, mount), hand)


@pytest.mark.parametrize("name", ["electra", "electra_base"])
def test_electra(ckptfs, checkpoints, name):
    width = originals.ELECTRA["embedding_size" if name == "electra" else "hidden_size"]
    config = {**originals.ELECTRA, "embedding_size": width, "model_type": "electra", "hidden_act": "gelu"}
    mount, arrays = mounted(ckptfs, checkpoints, "electra-to-hf", name, config)
    hand = [encoders.electra(arrays, HEADS, WORDS, MASK, SEGMENTS)]
    check(run_encoder("logits"), from_mount(transformers.ElectraForPreTraining, mount), hand)


@pytest.mark.parametrize("name", ["electra", "electra_base"])
def test_electra_generator(ckptfs, checkpoints, name):
    width = originals.ELECTRA["embedding_size" if name == "electra" else "hidden_size"]
    config = {**originals.GENERATOR, "embedding_size": width, "model_type": "electra", "hidden_act": "gelu"}
    mount, arrays = mounted(ckptfs, checkpoints, "electra-generator-to-hf", name, config, "generator_config.json")
    hand = [encoders.electra_generator(arrays, HEADS, WORDS, MASK, SEGMENTS)]
    check(run_encoder("logits"), from_mount(transformers.ElectraForMaskedLM, mount), hand)


def test_gpt2(ckptfs, checkpoints):
    sizes = originals.GPT2
    mount, arrays = mounted(ckptfs, checkpoints, "gpt2-to-hf", "gpt2", {
        "model_type": "gpt2", "vocab_size": sizes["n_vocab"], "n_positions": sizes["n_ctx"], "n_embd": sizes["n_embd"],
        "n_head": sizes["n_head"], "n_layer": sizes["n_layer"], "bos_token_id": 0, "eos_token_id": 0})
    hand = [gpt2(arrays, sizes["n_head"], WORDS)]
    check(lambda model: [model(torch.tensor(WORDS)).logits], from_mount(transformers.GPT2LMHeadModel, mount), hand)


@pytest.mark.parametrize("name,kind,more", [
    ("t5", "T5", {"feed_forward_proj": "relu", "tie_word_embeddings": True}),
    ("t5_gated", "T5", {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    ("t5_gated", "MT5", {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False})], ids=["t5", "t5-1.1", "mt5"])
def test_t5(ckptfs, checkpoints, name, kind, more):
    config = {**originals.T5, "model_type": kind.lower(), "pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0, **more}
    mount, arrays = mounted(ckptfs, checkpoints, "t5-to-hf", name, config)
    hand = [t5(arrays, originals.T5["num_heads"], WORDS, MASK, TARGETS)]

    def run(model):
        return [model(input_ids=torch.tensor(WORDS), attention_mask=torch.tensor(MASK), decoder_input_ids=torch.tensor(TARGETS)).logits]

    check(run, from_mount(getattr(transformers, f"{kind}ForConditionalGeneration"), mount), hand)


def test_a_position_far_away():
    """Buckets of T5 that short sentences do not reach."""
    attention = transformers.models.t5.modeling_t5.T5Attention
    for both_ways in (True, False):
        places = torch.arange(-300, 300)
        theirs = attention._relative_position_bucket(places, bidirectional=both_ways).tolist()
        assert theirs == [by_hand.t5.bucket(place, both_ways) for place in places.tolist()]


def images():
    return np.random.default_rng(5).standard_normal((2, 64, 64, 3))


def run_images(model):
    return [model(torch.tensor(images().transpose(0, 3, 1, 2), dtype=torch.float32))]


def from_mount_strictly(mount, name, **more):
    arrays = load_file(mount / "model.safetensors")
    assert {value.dtype for value in arrays.values()} == {torch.float32}
    model = timm.create_model(name, **more)
    counters = {key for key in model.state_dict() if key.endswith("num_batches_tracked")}  # PyTorch's own
    assert set(arrays) == set(model.state_dict()) - counters
    model.load_state_dict(arrays, strict=True)
    return model.eval()


@pytest.mark.parametrize("name,kind", [("efficientnet", "b0"), ("efficientnet_averaged", "b0"), ("efficientnet_lite", "lite0")])
def test_efficientnet(ckptfs, checkpoints, name, kind):
    prefix, arrays = checkpoints.of(name)
    mount = ckptfs.mount(prefix, map="efficientnet-to-timm").path
    if name != "efficientnet_lite":
        hold_names(mount, "efficientnet-to-timm", "efficientnet")
    hand = [convolutions.efficientnet(arrays, kind, images())]
    check(run_images, from_mount_strictly(mount, f"tf_efficientnet_{kind}"), hand)


@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_averaged"])
def test_mobilenet(ckptfs, checkpoints, name):
    prefix, arrays = checkpoints.of(name)
    mount = ckptfs.mount(prefix, map="mobilenet-v1-to-timm").path
    hold_names(mount, "mobilenet-v1-to-timm", "mobilenet")
    model = from_mount_strictly(mount, "mobilenetv1_100", pad_type="same", bn_eps=1e-3, num_classes=1001)
    check(run_images, model, [convolutions.mobilenet(arrays, images())])


@pytest.mark.parametrize("kind", originals.EFFICIENTNET)
def test_every_efficientnet(tmp_path, kind):
    """Names and shapes: that of no variable is lost, and each is where timm has one of that shape."""
    model, _ = originals.efficientnet(kind)
    prefix = write(tmp_path / "model.ckpt", model)
    with torch.device("meta"):
        theirs = timm.create_model(f"tf_efficientnet_{kind}").state_dict()
    theirs = {key: list(value.shape) for key, value in theirs.items() if not key.endswith("num_batches_tracked")}
    assert {target["variable"]: target["shape"] for target in plan("efficientnet-to-timm", prefix)["targets"]} == theirs
