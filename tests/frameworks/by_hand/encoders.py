# SPDX-License-Identifier: Apache-2.0
"""BERT, ALBERT and ELECTRA: one transformer, three sets of names."""

import numpy as np

from .functions import by_heads, gelu_erf, gelu_tanh, joined, normalized, softmax


class Encoder:
    def __init__(self, arrays, heads, activation):
        self.arrays, self.heads, self.activation = arrays, heads, activation

    def dense(self, scope, x):
        return x @ self.arrays[f"{scope}/kernel"] + self.arrays[f"{scope}/bias"]

    def norm(self, scope, x):
        return normalized(x, self.arrays[f"{scope}/gamma"], self.arrays[f"{scope}/beta"], 1e-12)

    def embeddings(self, scope, words, segments):
        a = self.arrays
        x = a[f"{scope}/word_embeddings"][words] + a[f"{scope}/token_type_embeddings"][segments]
        return self.norm(f"{scope}/LayerNorm", x + a[f"{scope}/position_embeddings"][: words.shape[1]])

    def attention(self, x, mask, query, key, value):
        """`mask` has 0 for words that nobody looks at."""
        q, k, v = (by_heads(self.dense(scope, x), self.heads) for scope in (query, key, value))
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        return joined(softmax(scores + np.where(mask, 0.0, -1e9)[:, None, None, :]) @ v)

    def layer(self, x, mask, names):
        """One layer; `names` are the scopes of its parts."""
        found = self.attention(x, mask, names["query"], names["key"], names["value"])
        x = self.norm(names["attention_norm"], x + self.dense(names["attention_output"], found))
        inner = self.activation(self.dense(names["inner"], x))
        return self.norm(names["output_norm"], x + self.dense(names["output"], inner))

    def layers(self, scope, x, mask):
        """Those of BERT and ELECTRA."""
        count = len({name.split("/layer_")[1].split("/")[0] for name in self.arrays if name.startswith(f"{scope}/layer_")})
        for i in range(count):
            at = f"{scope}/layer_{i}"
            x = self.layer(x, mask, {
                **{name: f"{at}/attention/self/{name}" for name in ("query", "key", "value")},
                "attention_output": f"{at}/attention/output/dense", "attention_norm": f"{at}/attention/output/LayerNorm",
                "inner": f"{at}/intermediate/dense", "output": f"{at}/output/dense", "output_norm": f"{at}/output/LayerNorm"})
        return x

    def words(self, x, scope, norm, table, bias):
        """The logits of words."""
        x = self.norm(norm, self.activation(self.dense(scope, x)))
        return x @ self.arrays[table].T + self.arrays[bias]

    def pretraining(self, x):
        """The heads of BERT and ALBERT."""
        pooled = np.tanh(self.dense("bert/pooler/dense", x[:, 0]))
        next_sentence = pooled @ self.arrays["cls/seq_relationship/output_weights"].T + self.arrays["cls/seq_relationship/output_bias"]
        head = "cls/predictions"
        logits = self.words(x, f"{head}/transform/dense", f"{head}/transform/LayerNorm", "bert/embeddings/word_embeddings",
                            f"{head}/output_bias")
        return logits, next_sentence


def bert(arrays, heads, words, mask, segments):
    """Of each word and of the pooler what the encoder gives: [batch, length, hidden], [batch, hidden]"""
    model = Encoder(arrays, heads, gelu_tanh)
    x = model.layers("bert/encoder", model.embeddings("bert/embeddings", words, segments), mask)
    return x, np.tanh(model.dense("bert/pooler/dense", x[:, 0]))


def bert_pretraining(arrays, heads, words, mask, segments):
    return Encoder(arrays, heads, gelu_tanh).pretraining(bert(arrays, heads, words, mask, segments)[0])


def albert_pretraining(arrays, heads, layers, words, mask, segments):
    """`layers` is how many there are; groups of them share their weights."""
    model = Encoder(arrays, heads, gelu_tanh)
    x = model.dense("bert/encoder/embedding_hidden_mapping_in", model.embeddings("bert/embeddings", words, segments))
    scopes = {name.rsplit("/inner_group_", 1)[0] for name in arrays if "/inner_group_" in name}
    for i in range(layers):
        group = f"bert/encoder/transformer/group_{int(i / layers * len(scopes))}"
        for n in range(len({name.split("/")[4] for name in arrays if name.startswith(f"{group}/")})):
            at = f"{group}/inner_group_{n}"
            x = model.layer(x, mask, {
                **{name: f"{at}/attention_1/self/{name}" for name in ("query", "key", "value")},
                "attention_output": f"{at}/attention_1/output/dense", "attention_norm": f"{at}/LayerNorm",
                "inner": f"{at}/ffn_1/intermediate/dense", "output": f"{at}/ffn_1/intermediate/output/dense",
                "output_norm": f"{at}/LayerNorm_1"})
    return model.pretraining(x)


def electra_encoder(model, scope, words, mask, segments):
    x = model.embeddings("electra/embeddings", words, segments)
    if f"{scope}/embeddings_project/kernel" in model.arrays:
        x = model.dense(f"{scope}/embeddings_project", x)
    return model.layers(f"{scope}/encoder", x, mask)


def electra(arrays, heads, words, mask, segments):
    """The logit of each word: whether it was replaced."""
    model, head = Encoder(arrays, heads, gelu_erf), "discriminator_predictions"
    x = electra_encoder(model, "electra", words, mask, segments)
    return model.dense(f"{head}/dense_1", gelu_erf(model.dense(f"{head}/dense", x)))[..., 0]


def electra_generator(arrays, heads, words, mask, segments):
    """The logits of words."""
    model, head = Encoder(arrays, heads, gelu_erf), "generator_predictions"
    x = electra_encoder(model, "generator", words, mask, segments)
    return model.words(x, f"{head}/dense", f"{head}/LayerNorm", "electra/embeddings/word_embeddings", f"{head}/output_bias")
