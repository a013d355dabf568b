# SPDX-License-Identifier: Apache-2.0
"""The variables of published TensorFlow models, small: their names and shapes are those of the original code, which each function
names, and the orientation is its own. Slots of optimizers come along, as in a checkpoint of a training. Standard library only.

A model is a dict of names and shapes. What is not a weight of the model (slots, global_step) is in `extra`."""

import math

BERT = {"vocab_size": 31, "hidden_size": 12, "num_hidden_layers": 12, "num_attention_heads": 3, "intermediate_size": 20,
        "max_position_embeddings": 16, "type_vocab_size": 2}
ALBERT = {**BERT, "embedding_size": 8, "num_hidden_groups": 2, "inner_group_num": 2, "num_hidden_layers": 4}
ELECTRA = {**BERT, "embedding_size": 8}
GENERATOR = {**ELECTRA, "hidden_size": 6, "intermediate_size": 10}
GPT2 = {"n_vocab": 31, "n_ctx": 16, "n_embd": 12, "n_head": 3, "n_layer": 12}
T5 = {"vocab_size": 32, "d_model": 12, "d_kv": 5, "d_ff": 20, "num_layers": 12, "num_heads": 3, "relative_attention_num_buckets": 32}


def dense(scope, inputs, outputs):
    return {f"{scope}/kernel": [inputs, outputs], f"{scope}/bias": [outputs]}


def norm(scope, size):
    return {f"{scope}/gamma": [size], f"{scope}/beta": [size]}


def with_slots(model, *slots):
    """`model`, and for each of its weights those variables beside it."""
    extra = {name + slot: shape for name, shape in model.items() for slot in slots}
    return model, {**extra, "global_step": []}


def embeddings(scope, config, width):
    return {f"{scope}/word_embeddings": [config["vocab_size"], width],
            f"{scope}/token_type_embeddings": [config["type_vocab_size"], width],
            f"{scope}/position_embeddings": [config["max_position_embeddings"], width], **norm(f"{scope}/LayerNorm", width)}


def encoder(scope, config):
    """transformer_model of modeling.py of BERT, and of ELECTRA."""
    hidden, inner, found = config["hidden_size"], config["intermediate_size"], {}
    for i in range(config["num_hidden_layers"]):
        layer = f"{scope}/layer_{i}"
        for name in ("query", "key", "value"):
            found |= dense(f"{layer}/attention/self/{name}", hidden, hidden)
        found |= dense(f"{layer}/attention/output/dense", hidden, hidden) | norm(f"{layer}/attention/output/LayerNorm", hidden)
        found |= dense(f"{layer}/intermediate/dense", hidden, inner) | dense(f"{layer}/output/dense", inner, hidden)
        found |= norm(f"{layer}/output/LayerNorm", hidden)
    return found


def heads(config, width):
    """cls of run_pretraining.py of BERT, and of ALBERT."""
    hidden, head = config["hidden_size"], "cls/predictions"
    return {**dense(f"{head}/transform/dense", hidden, width), **norm(f"{head}/transform/LayerNorm", width),
            f"{head}/output_bias": [config["vocab_size"]], "cls/seq_relationship/output_weights": [2, hidden],
            "cls/seq_relationship/output_bias": [2]}


def bert(config=BERT):
    """google-research/bert: modeling.py, run_pretraining.py, optimization.py"""
    hidden = config["hidden_size"]
    return with_slots({**embeddings("bert/embeddings", config, hidden), **encoder("bert/encoder", config),
                       **dense("bert/pooler/dense", hidden, hidden), **heads(config, hidden)}, "/adam_m", "/adam_v")


def bert_classifier(config=BERT):
    """google-research/bert: run_classifier.py, with three labels"""
    model = {name: shape for name, shape in bert(config)[0].items() if not name.startswith("cls/")}
    return with_slots({**model, "output_weights": [3, config["hidden_size"]], "output_bias": [3]}, "/adam_m", "/adam_v")


def bert_squad(config=BERT):
    """google-research/bert: run_squad.py, whose model has no pooler in use"""
    model = {name: shape for name, shape in bert(config)[0].items() if not name.startswith("cls/")}
    return with_slots({**model, "cls/squad/output_weights": [2, config["hidden_size"]], "cls/squad/output_bias": [2]},
                      "/adam_m", "/adam_v")


def garden_layer(layer, config, attention_output):
    """official/nlp/modeling/layers/transformer_encoder_block.py"""
    hidden, inner, count = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    width, found = hidden // count, {}
    for name in ("query", "key", "value"):
        part = f"{layer}/_attention_layer/_{name}_dense"
        found |= {f"{part}/kernel": [hidden, count, width], f"{part}/bias": [count, width]}
    found |= {f"{layer}/{attention_output}/kernel": [count, width, hidden], f"{layer}/{attention_output}/bias": [hidden]}
    found |= norm(f"{layer}/_attention_layer_norm", hidden) | norm(f"{layer}/_output_layer_norm", hidden)
    return found | dense(f"{layer}/_intermediate_dense", hidden, inner) | dense(f"{layer}/_output_dense", inner, hidden)


def garden(config=BERT, top="model", pooler=None):
    """tensorflow/models: official/nlp/modeling/networks/bert_encoder.py, of the functional API, saved as `top`; keys of objects"""
    hidden, count = config["hidden_size"], config["num_hidden_layers"]
    found = {f"{top}/layer_with_weights-0/embeddings": [config["vocab_size"], hidden],
             f"{top}/layer_with_weights-1/embeddings": [config["max_position_embeddings"], hidden],
             f"{top}/layer_with_weights-2/embeddings": [config["type_vocab_size"], hidden],
             **norm(f"{top}/layer_with_weights-3", hidden)}
    for i in range(count):
        found |= garden_layer(f"{top}/layer_with_weights-{i + 4}", config, "_attention_output_dense")
    pooler = pooler or f"{top}/layer_with_weights-{count + 4}"
    return found | dense(pooler, hidden, hidden), {"save_counter": [], "optimizer/iter": []}


def garden_pretrained():
    """The same as it was published (uncased_L-12_H-768_A-12): the pooler is that of the head for the next sentence"""
    return garden(top="encoder", pooler="next_sentence..pooler_dense")


def garden_layers(config=BERT):
    """The same made of layers, with the head of official/nlp/modeling/layers/masked_lm.py, as `encoder` and `masked_lm`"""
    hidden = config["hidden_size"]
    found = {"masked_lm/embedding_table": [config["vocab_size"], hidden],
             "encoder/_position_embedding_layer/embeddings": [config["max_position_embeddings"], hidden],
             "encoder/_type_embedding_layer/embeddings": [config["type_vocab_size"], hidden],
             **norm("encoder/_embedding_norm_layer", hidden)}
    for i in range(config["num_hidden_layers"]):
        found |= garden_layer(f"encoder/_transformer_layers/{i}", config, "_attention_layer/_output_dense")
    found |= dense("encoder/_pooler_layer", hidden, hidden)
    found |= dense("masked_lm/dense", hidden, hidden) | norm("masked_lm/layer_norm", hidden)
    return {**found, "masked_lm/bias": [config["vocab_size"]]}, {"save_counter": [], "optimizer/iter": []}


def albert(config=ALBERT):
    """google-research/albert: modeling.py, run_pretraining.py, optimization.py"""
    width, hidden, inner = config["embedding_size"], config["hidden_size"], config["intermediate_size"]
    found = {**embeddings("bert/embeddings", config, width), **dense("bert/encoder/embedding_hidden_mapping_in", width, hidden)}
    for group in range(config["num_hidden_groups"]):
        for i in range(config["inner_group_num"]):
            layer = f"bert/encoder/transformer/group_{group}/inner_group_{i}"
            for name in ("query", "key", "value"):
                found |= dense(f"{layer}/attention_1/self/{name}", hidden, hidden)
            found |= dense(f"{layer}/attention_1/output/dense", hidden, hidden) | norm(f"{layer}/LayerNorm", hidden)
            found |= dense(f"{layer}/ffn_1/intermediate/dense", hidden, inner)
            found |= dense(f"{layer}/ffn_1/intermediate/output/dense", inner, hidden) | norm(f"{layer}/LayerNorm_1", hidden)
    return with_slots({**found, **dense("bert/pooler/dense", hidden, hidden), **heads(config, width)}, "/adam_m", "/adam_v")


def electra(config=ELECTRA, generator=GENERATOR):
    """google-research/electra: model/modeling.py, run_pretraining.py, model/optimization.py; both models in one checkpoint"""
    width, hidden, small = config["embedding_size"], config["hidden_size"], generator["hidden_size"]
    found = {**embeddings("electra/embeddings", config, width), **encoder("electra/encoder", config),
             **encoder("generator/encoder", generator), **dense("discriminator_predictions/dense", hidden, hidden),
             **dense("discriminator_predictions/dense_1", hidden, 1), **dense("generator_predictions/dense", small, width),
             **norm("generator_predictions/LayerNorm", width), "generator_predictions/output_bias": [config["vocab_size"]]}
    for scope, size in (("electra", hidden), ("generator", small)):
        if size != width:
            found |= dense(f"{scope}/embeddings_project", width, size)
    return with_slots(found, "/adam_m", "/adam_v")


def electra_base():
    """As the base model has it: embeddings as wide as the discriminator"""
    return electra({**ELECTRA, "embedding_size": ELECTRA["hidden_size"]}, GENERATOR)


def gpt2(config=GPT2):
    """openai/gpt-2: src/model.py; without an optimizer, as published, but for Adam's of fine-tuning"""
    size, found = config["n_embd"], {"model/wte": [config["n_vocab"], config["n_embd"]], "model/wpe": [config["n_ctx"], config["n_embd"]]}

    def scale(scope):
        return {f"{scope}/g": [size], f"{scope}/b": [size]}

    def conv1d(scope, inputs, outputs):
        return {f"{scope}/w": [1, inputs, outputs], f"{scope}/b": [outputs]}

    for i in range(config["n_layer"]):
        layer = f"model/h{i}"
        found |= scale(f"{layer}/ln_1") | scale(f"{layer}/ln_2")
        found |= conv1d(f"{layer}/attn/c_attn", size, 3 * size) | conv1d(f"{layer}/attn/c_proj", size, size)
        found |= conv1d(f"{layer}/mlp/c_fc", size, 4 * size) | conv1d(f"{layer}/mlp/c_proj", 4 * size, size)
    model, extra = with_slots({**found, **scale("model/ln_f")}, "/Adam", "/Adam_1")
    return model, {**extra, "beta1_power": [], "beta2_power": []}


def t5(config=T5, gated=False, legacy=True, tied=True):
    """tensorflow/mesh: transformer/{transformer,transformer_layers,attention}.py, optimize.py, with the models of
    google-research/text-to-text-transfer-transformer (t5/models/gin/models); `legacy`: the older names of norms"""
    size, inner, width = config["d_model"], config["d_ff"], config["num_heads"] * config["d_kv"]
    layer_norm, final_norm = ("layer_norm", "final_layer_norm") if legacy else ("rms_norm", "rms_norm")
    found = {"shared/embedding": [config["vocab_size"], size]}

    def attention(scope):
        return {f"{scope}/q": [size, width], f"{scope}/k": [size, width], f"{scope}/v": [size, width], f"{scope}/o": [width, size]}

    for stack, parts in (("encoder", ["SelfAttention"]), ("decoder", ["SelfAttention", "EncDecAttention"])):
        for i in range(config["num_layers"]):
            for j, part in enumerate([*parts, "DenseReluDense"]):
                layer = f"{stack}/block_{i:03d}/layer_{j:03d}"
                found[f"{layer}/{layer_norm}/scale"] = [size]
                if part != "DenseReluDense":
                    found |= attention(f"{layer}/{part}")
                    continue
                for name in ["wi_0", "wi_1"] if gated else ["wi"]:
                    found[f"{layer}/{part}/{name}/kernel"] = [size, inner]
                found[f"{layer}/{part}/wo/kernel"] = [inner, size]
        found[f"{stack}/block_000/layer_000/SelfAttention/relative_attention_bias"] = [
            config["num_heads"], config["relative_attention_num_buckets"]]
        found[f"{stack}/{final_norm}/scale"] = [size]
    if not tied:
        found["decoder/logits/kernel"] = [size, config["vocab_size"]]
    extra = {}
    for name, shape in found.items():  # Adafactor's
        if len(shape) == 2:
            extra |= {f"{name}_slot_vr": shape[:1], f"{name}_slot_vc": shape[1:]}
        else:
            extra[f"{name}_slot_v"] = shape
    return found, {**extra, "global_step": []}


def t5_gated():
    """T5 v1.1 and mT5"""
    return t5(gated=True, legacy=False, tied=False)


def batch_norm(scope, size):
    return norm(scope, size) | {f"{scope}/moving_mean": [size], f"{scope}/moving_variance": [size]}


# Width, depth and whether stem, head, first and last stage keep their size: efficientnet_builder.py, lite/efficientnet_lite_builder.py.
EFFICIENTNET = {"b0": (1.0, 1.0, False), "b1": (1.0, 1.1, False), "b2": (1.1, 1.2, False), "b3": (1.2, 1.4, False),
                "b4": (1.4, 1.8, False), "b5": (1.6, 2.2, False), "b6": (1.8, 2.6, False), "b7": (2.0, 3.1, False),
                "b8": (2.2, 3.6, False), "l2": (4.3, 5.3, False), "lite0": (1.0, 1.0, True), "lite1": (1.0, 1.1, True),
                "lite2": (1.1, 1.2, True), "lite3": (1.2, 1.4, True), "lite4": (1.4, 1.8, True)}
# Blocks, kernel, stride, expansion, channels in and out.
STAGES = [(1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
          (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320)]


def channels(count, width):
    wanted = count * width
    found = max(8, int(wanted + 4) // 8 * 8)
    return found + 8 if found < 0.9 * wanted else found


def efficientnet_blocks(kind):
    """(channels in, out, kernel, stride, expansion) of each block, in their order"""
    width, depth, fixed = EFFICIENTNET[kind]
    for n, (count, kernel, stride, expansion, first, last) in enumerate(STAGES):
        count = count if fixed and n in (0, len(STAGES) - 1) else math.ceil(depth * count)
        for i in range(count):
            inputs = channels(first if i == 0 else last, width)
            yield inputs, channels(last, width), kernel, stride if i == 0 else 1, expansion


def efficientnet(kind="b0", classes=1000):
    """tensorflow/tpu: models/official/efficientnet/efficientnet_model.py, utils.py, main.py"""
    width, _, fixed = EFFICIENTNET[kind]
    top, bn = f"efficientnet-{kind}", "tpu_batch_normalization"
    stem, head = (32, 1280) if fixed else (channels(32, width), channels(1280, width))
    found = {f"{top}/stem/conv2d/kernel": [3, 3, 3, stem], **batch_norm(f"{top}/stem/{bn}", stem)}
    for n, (inputs, outputs, kernel, _, expansion) in enumerate(efficientnet_blocks(kind)):
        inner, scope, norms, convolutions = inputs * expansion, f"{top}/blocks_{n}", ["", "_1", "_2"], ["", "_1"]
        if n == 0:
            inputs = inner = stem if fixed else inputs
        if expansion != 1:
            found[f"{scope}/conv2d{convolutions.pop(0)}/kernel"] = [1, 1, inputs, inner]
            found |= batch_norm(f"{scope}/{bn}{norms.pop(0)}", inner)
        found[f"{scope}/depthwise_conv2d/depthwise_kernel"] = [kernel, kernel, inner, 1]
        found |= batch_norm(f"{scope}/{bn}{norms.pop(0)}", inner)
        if not fixed:
            reduced = max(1, int(inputs * 0.25))
            found |= {f"{scope}/se/conv2d/kernel": [1, 1, inner, reduced], f"{scope}/se/conv2d/bias": [reduced],
                      f"{scope}/se/conv2d_1/kernel": [1, 1, reduced, inner], f"{scope}/se/conv2d_1/bias": [inner]}
        found[f"{scope}/conv2d{convolutions.pop(0)}/kernel"] = [1, 1, inner, outputs]
        found |= batch_norm(f"{scope}/{bn}{norms.pop(0)}", outputs)
    found |= {f"{top}/head/conv2d/kernel": [1, 1, outputs, head], **batch_norm(f"{top}/head/{bn}", head)}
    found |= dense(f"{top}/head/dense", head, classes)
    trained = {name: shape for name, shape in found.items() if "/moving_" not in name}
    return found, with_slots(trained, "/RMSProp", "/RMSProp_1")[1]


MOBILENET = [(1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *[(1, 512)] * 5, (2, 1024), (1, 1024)]  # stride, channels


def mobilenet(classes=1001):
    """tensorflow/models: research/slim/nets/mobilenet_v1.py"""
    top, inputs = "MobilenetV1", 32
    found = {f"{top}/Conv2d_0/weights": [3, 3, 3, inputs], **batch_norm(f"{top}/Conv2d_0/BatchNorm", inputs)}
    for n, (_, outputs) in enumerate(MOBILENET, 1):
        found[f"{top}/Conv2d_{n}_depthwise/depthwise_weights"] = [3, 3, inputs, 1]
        found |= batch_norm(f"{top}/Conv2d_{n}_depthwise/BatchNorm", inputs)
        found[f"{top}/Conv2d_{n}_pointwise/weights"] = [1, 1, inputs, outputs]
        found |= batch_norm(f"{top}/Conv2d_{n}_pointwise/BatchNorm", outputs)
        inputs = outputs
    found |= {f"{top}/Logits/Conv2d_1c_1x1/weights": [1, 1, inputs, classes], f"{top}/Logits/Conv2d_1c_1x1/biases": [classes]}
    trained = {name: shape for name, shape in found.items() if "/moving_" not in name}
    return found, with_slots(trained, "/RMSProp", "/RMSProp_1")[1]
