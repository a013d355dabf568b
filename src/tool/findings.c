/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/findings.h"

#include "view/report.h"

void findings_begin(struct findings *f, const struct view *v, bool as_json, struct tool_out *o)
{
    *f = (struct findings){.out = o, .as_json = as_json};
    if (!as_json) {
        return;
    }
    f->json = json_begin(&o->text);
    json_object(&f->json, JSON_BLOCK);
    json_key(&f->json, "version");
    json_uint(&f->json, 1);
    report_checkpoint(&f->json, v);
    json_key(&f->json, "findings");
    json_array(&f->json, JSON_BLOCK);
}

static void tell_json(struct findings *f, struct str tensor, const char *file)
{
    struct json *j = &f->json;
    json_object(j, JSON_LINE);
    json_key(j, "tensor");
    if (tensor.ptr) {
        json_str(j, tensor);
    } else {
        json_null(j);
    }
    json_key(j, "file");
    if (file) {
        json_str(j, str_from(file));
    } else {
        json_null(j);
    }
    json_key(j, "message");
    json_str(j, buf_view(&f->line));
    json_object_end(j);
}

void findings_tell(struct findings *f, struct str tensor, const char *file)
{
    f->out->text.failed |= f->line.failed;
    if (f->as_json) {
        tell_json(f, tensor, file);
    } else {
        buf_str(&f->out->text, buf_view(&f->line));
        buf_char(&f->out->text, '\n');
    }
    f->line.len = 0;
}

static void end_json(struct findings *f, const struct view *v)
{
    struct json *j = &f->json;
    json_array_end(j);
    json_key(j, "tensors");
    json_uint(j, v->catalog->count);
    json_key(j, "bytes");
    json_uint(j, f->bytes);
    json_key(j, "seconds");
    json_double(j, f->seconds);
    json_key(j, "damaged");
    if (f->no_checksums) {
        json_null(j);
    } else {
        json_uint(j, f->damaged);
    }
    json_key(j, "unknown");
    json_uint(j, f->unknown);
}

static void end_text(struct findings *f, const struct view *v)
{
    struct buf *b = &f->out->text;
    buf_printf(b, "%u tensors, ", v->catalog->count);
    report_size(b, f->bytes);
    buf_text(b, " of ");
    buf_visible(b, str_from(v->catalog->prefix));
    if (f->no_checksums) {
        buf_printf(b,
                   ": nothing to verify: %s files hold no checksums; their headers fit the files\n",
                   v->catalog->format);
        return;
    }
    buf_printf(b, ", %.1f s: %llu damaged", f->seconds, (unsigned long long)f->damaged);
    if (f->unknown) {
        buf_printf(b, ", %llu not checked", (unsigned long long)f->unknown);
    }
    buf_char(b, '\n');
}

void findings_end(struct findings *f, const struct view *v)
{
    f->ended = true;
    if (f->as_json) {
        end_json(f, v);
    } else {
        end_text(f, v);
    }
}

void findings_close(struct findings *f, const struct diag *d)
{
    if (f->as_json) {
        if (!f->ended) {
            json_array_end(&f->json);
        }
        report_entries(&f->json, d);
        json_object_end(&f->json);
        json_end(&f->json);
    }
    buf_fini(&f->line);
}
