/* SPDX-License-Identifier: Apache-2.0 */
#include "map/optimizer_names.h"

#include <ctype.h>
#include <stddef.h>

#include "base/errint.h"

/* The last component of a slot: the optimizer's name. */
static const char *const slots[] = {
    "AdaMax",    "Adadelta",        "Adafactor", "Adagrad",   "AdagradDA", "Adam",
    "AdamW",     "AdamWeightDecay", "AddSign",   "Ftrl",      "FtrlProx",  "LAMB",
    "LARS",      "LARSOptimizer",   "LazyAdam",  "MomentumW", "Momentum",  "Nadam",
    "PowerSign", "ProximalAdagrad", "RMSProp",   "Shampoo",   "adam_m",    "adam_v",
    "lamb_m",    "lamb_v",
};

/* The last component of what an optimizer has for itself. */
static const char *const scalars[] = {"beta1_power", "beta2_power"};

/* The first component, which Keras makes of the optimizer's class. */
static const char *const scopes[] = {
    "Adadelta", "Adafactor", "Adagrad", "Adam",    "AdamW", "AdamWeightDecay", "Adamax", "Ftrl",
    "LAMB",     "Lion",      "Nadam",   "RMSprop", "SGD",
};

static const char *const slot_endings[] = {"_slot_v", "_slot_vr", "_slot_vc", "_slot_m"};

static bool is_one_of(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(word, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

/* `Adam_1` is the second of what would be called Adam. */
static struct str without_number(struct str word)
{
    size_t len = word.len;
    while (len && isdigit((unsigned char)word.ptr[len - 1])) {
        len--;
    }
    bool numbered = len > 1 && len < word.len && word.ptr[len - 1] == '_';
    return numbered ? str_head(word, len - 1) : word;
}

static struct str first_component(struct str name)
{
    long slash = str_find(name, '/');
    return slash < 0 ? name : str_head(name, (size_t)slash);
}

static bool ends_as_slot(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(slot_endings); i++) {
        struct str ending = str_from(slot_endings[i]);
        if (name.len > ending.len && str_ends(name, ending)) {
            return true;
        }
    }
    return false;
}

static bool is_of_objects(struct str name)
{
    if (str_search(name, STR("/.OPTIMIZER_SLOT/")) >= 0) {
        return true;
    }
    bool own = str_starts(name, STR("optimizer/")) || str_search(name, STR("/optimizer/")) >= 0;
    return own && str_search(name, STR("/.ATTRIBUTES/")) >= 0;
}

bool optimizer_owns(struct str name)
{
    long slash = str_rfind(name, '/');
    struct str last = without_number(str_from_pos(name, (size_t)(slash + 1)));
    if (slash > 0 && is_one_of(last, slots, ARRAY_LEN(slots))) {
        return true;
    }
    if (is_one_of(last, scalars, ARRAY_LEN(scalars)) || ends_as_slot(name) || is_of_objects(name)) {
        return true;
    }
    if (str_starts(name, STR("training/"))) {
        name = str_from_pos(name, sizeof("training/") - 1);
    }
    struct str first = without_number(first_component(name));
    return first.len < name.len && is_one_of(first, scopes, ARRAY_LEN(scopes));
}
