// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Known answers for every algorithm: all cases of the files in tests/vectors
 * are run, or have a reason why ESP has no use for them. The numbers of both
 * are known, too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mock.h"
#include "core/crypto_impl.h"

#define TEXT_MAX	8192
#define BLOCK		16
#define ESP_HDR		8
#define REASONS		8
#define BLANK		"\n "

/**
 * struct field - bytes of a case
 * @p: the bytes
 * @len: how many
 */
struct field {
	u8 p[TEXT_MAX];
	u32 len;
};

/**
 * struct vector - a case
 * @kind: algorithm, as the file calls it
 * @name: number in its source
 * @valid: the ICV is right
 * @key: key
 * @iv: IV or nonce
 * @aad: additional data
 * @text: plaintext
 * @cipher: ciphertext
 * @icv: ICV
 */
struct vector {
	char kind[16];
	char name[16];
	bool valid;
	struct field key;
	struct field iv;
	struct field aad;
	struct field text;
	struct field cipher;
	struct field icv;
};

/**
 * struct tally - what became of the cases of a file
 * @run: cases run
 * @skipped: not run, by reason
 * @reason: the reasons
 */
struct tally {
	u32 run;
	u32 skipped[REASONS];
	const char *reason[REASONS];
};

static const char bad_nonce[] = "IV is not 96 bits";
static const char bad_icv[] = "ICV is not 64, 96 or 128 bits";
static const char bad_auth_key[] = "key is not as long as the hash";
static const char whole_icv[] = "ICV is the whole hash";
static const char no_message[] = "nothing to protect";
static const char bad_padding[] = "padding of PKCS #5";
static const char one_block[] = "counter 1 makes no text";

static void leave_out(struct tally *t, const char *reason, u32 n)
{
	u32 i;

	for (i = 0; i < REASONS && t->reason[i]; i++)
		if (!strcmp(t->reason[i], reason))
			break;
	assert_true(i < REASONS);
	t->reason[i] = reason;
	t->skipped[i] += n;
}

static struct acme_aead *aead_new(u8 alg, const struct vector *v, u8 icv_len)
{
	struct acme_aead *aead;

	assert_true(acme_aead_supports_key(alg, v->key.len));
	assert_true(acme_aead_supports_icv(alg, icv_len));
	aead = acme_aead_new(alg, v->key.p, v->key.len, v->iv.p, icv_len);
	assert_non_null(aead);
	return aead;
}

/* Every bit of the ICV counts, and some of the text and additional data. */
static void check_forgeries(struct acme_aead *aead, struct acme_aead_req *req,
			    const struct vector *v)
{
	static u8 src[TEXT_MAX], aad[TEXT_MAX], out[TEXT_MAX];
	u8 icv[ACME_ICV_MAX];
	u32 i;

	req->src = src;
	req->dst = out;
	req->aad = aad;
	req->icv = icv;
	memcpy(src, v->cipher.p, v->cipher.len);
	memcpy(aad, v->aad.p, v->aad.len);
	for (i = 0; i < v->icv.len * 8; i += 5) {
		memcpy(icv, v->icv.p, v->icv.len);
		icv[i / 8] ^= 1 << i % 8;
		assert_false(acme_aead_decrypt(aead, req));
	}
	memcpy(icv, v->icv.p, v->icv.len);
	if (v->cipher.len) {
		src[v->cipher.len - 1] ^= 0x80;
		assert_false(acme_aead_decrypt(aead, req));
		src[v->cipher.len - 1] ^= 0x80;
	}
	if (v->aad.len) {
		aad[v->aad.len - 1] ^= 1;
		assert_false(acme_aead_decrypt(aead, req));
		aad[v->aad.len - 1] ^= 1;
	}
	assert_true(acme_aead_decrypt(aead, req));
}

static void check_encrypt(struct acme_aead *aead, struct acme_aead_req *req,
			  const struct vector *v)
{
	static u8 out[TEXT_MAX];
	u8 icv[ACME_ICV_MAX];

	/* In place. */
	memcpy(out, v->text.p, v->text.len);
	req->src = out;
	req->dst = out;
	req->icv = icv;
	acme_aead_encrypt(aead, req);
	assert_memory_equal(out, v->cipher.p, v->cipher.len);
	assert_memory_equal(icv, v->icv.p, v->icv.len);
	assert_true(acme_aead_decrypt(aead, req));
	assert_memory_equal(out, v->text.p, v->text.len);
}

static void check_aead(u8 alg, const struct vector *v)
{
	struct acme_aead *aead = aead_new(alg, v, v->icv.len);
	static u8 out[TEXT_MAX];
	struct acme_aead_req req = {
		.iv = v->iv.p + SALT_LEN, .aad = v->aad.p,
		.aad_len = v->aad.len, .src = v->cipher.p, .dst = out,
		.len = v->cipher.len, .icv = (u8 *)v->icv.p,
	};

	assert_int_equal(acme_aead_decrypt(aead, &req), v->valid);
	if (v->valid) {
		assert_int_equal(v->text.len, v->cipher.len);
		assert_memory_equal(out, v->text.p, v->text.len);
		check_encrypt(aead, &req, v);
		check_forgeries(aead, &req, v);
	}
	acme_aead_free(aead);
}

static void run_aead(struct tally *t, u8 alg, const struct vector *v)
{
	if (v->iv.len != NONCE_LEN) {
		leave_out(t, bad_nonce, 1);
		return;
	}
	check_aead(alg, v);
	t->run++;
}

static void run_gcm(struct tally *t, struct vector *v)
{
	run_aead(t, ACME_ALG_AES_GCM, v);
}

static void run_chacha(struct tally *t, struct vector *v)
{
	run_aead(t, ACME_ALG_CHACHA20_POLY1305, v);
}

/* GMAC is GCM without text; ESP has further additional data of its own. */
static void run_gmac(struct tally *t, struct vector *v)
{
	v->aad = v->text;
	v->text.len = 0;
	run_aead(t, ACME_ALG_AES_GCM, v);
}

static void run_esp_gmac(struct tally *t, struct vector *v)
{
	run_aead(t, ACME_ALG_AES_GMAC, v);
}

/* The text of GCM is encrypted with counters from 2 on. */
static void run_ctr(struct tally *t, struct vector *v)
{
	struct acme_aead *aead;
	struct acme_aead_req req = {
		.iv = v->iv.p + SALT_LEN, .aad = v->aad.p,
		.src = v->text.p + BLOCK, .len = v->text.len - BLOCK,
	};
	u8 out[TEXT_MAX], icv[ACME_ICV_MAX];

	if (v->text.len <= BLOCK) {
		leave_out(t, one_block, 1);
		return;
	}
	req.dst = out;
	req.icv = icv;
	aead = aead_new(ACME_ALG_AES_GCM, v, 16);
	acme_aead_encrypt(aead, &req);
	assert_memory_equal(out, v->cipher.p + BLOCK, req.len);
	acme_aead_free(aead);
	t->run++;
}

static void check_cbc(u8 alg, u8 icv_len, const struct vector *v)
{
	struct acme_aead *aead = aead_new(alg, v, icv_len);
	u8 out[TEXT_MAX], icv[ACME_ICV_MAX], auth_key[64] = {};
	struct acme_aead_req req = {
		.iv = v->iv.p, .aad = auth_key, .aad_len = ESP_HDR,
		.src = v->text.p, .dst = out, .len = v->text.len, .icv = icv,
	};

	acme_aead_auth_key(aead, auth_key);
	acme_aead_encrypt(aead, &req);
	assert_memory_equal(out, v->cipher.p, v->cipher.len);
	req.src = v->cipher.p;
	memset(out, 0, sizeof(out));
	assert_true(acme_aead_decrypt(aead, &req));
	assert_memory_equal(out, v->text.p, v->text.len);
	acme_aead_free(aead);
}

static void run_cbc(struct tally *t, struct vector *v)
{
	if (!v->valid) {
		leave_out(t, bad_padding, 1);
		return;
	}
	assert_int_equal(v->text.len, v->cipher.len);
	check_cbc(ACME_ALG_AES_CBC_SHA256, 16, v);
	check_cbc(ACME_ALG_AES_CBC_SHA384, 24, v);
	check_cbc(ACME_ALG_AES_CBC_SHA512, 32, v);
	t->run++;
}

/*
 * The message is taken for an ESP packet, if it could be one: SPI and sequence
 * number, IV, blocks of text, and perhaps the upper half of the sequence
 * number.
 */
static void check_packet(struct acme_aead *aead, const struct vector *v)
{
	u32 len = v->text.len;
	struct acme_aead_req req = {
		.iv = v->text.p + ESP_HDR, .aad_len = ESP_HDR,
		.src = v->text.p + ESP_HDR + BLOCK, .icv = (u8 *)v->icv.p,
	};
	u8 out[TEXT_MAX], aad[12];

	if (len < ESP_HDR + BLOCK || ((len - ESP_HDR) % BLOCK &&
				      (len - ESP_HDR) % BLOCK != 4))
		return;
	memcpy(aad, v->text.p, ESP_HDR);
	if ((len - ESP_HDR) % BLOCK) {
		memcpy(aad + 8, aad + 4, 4);
		memcpy(aad + 4, v->text.p + len - 4, 4);
		req.aad_len += 4;
	}
	req.aad = aad;
	req.dst = out;
	req.len = (len - ESP_HDR - BLOCK) / BLOCK * BLOCK;
	assert_int_equal(acme_aead_decrypt(aead, &req), v->valid);
}

static void check_hmac(u8 alg, const struct vector *v)
{
	struct acme_aead *aead;
	u8 key[16] = {};
	u8 icv[ACME_ICV_MAX];

	aead = acme_aead_new(alg, key, sizeof(key), NULL, v->icv.len);
	assert_non_null(aead);
	acme_aead_auth_key(aead, v->key.p);
	memset(icv, 0, sizeof(icv));
	acme_cbc_hmac(aead, v->text.p, v->text.len, icv);
	assert_int_equal(!memcmp(icv, v->icv.p, v->icv.len), v->valid);
	check_packet(aead, v);
	acme_aead_free(aead);
}

static void run_hmac(struct tally *t, u8 alg, u8 hash_len,
		     const struct vector *v)
{
	if (v->key.len != hash_len) {
		leave_out(t, bad_auth_key, 1);
	} else if (v->icv.len != hash_len / 2) {
		leave_out(t, whole_icv, 1);
	} else if (!v->text.len) {
		leave_out(t, no_message, 1);
	} else {
		check_hmac(alg, v);
		t->run++;
	}
}

static void run_hmac256(struct tally *t, struct vector *v)
{
	run_hmac(t, ACME_ALG_AES_CBC_SHA256, 32, v);
}

static void run_hmac384(struct tally *t, struct vector *v)
{
	run_hmac(t, ACME_ALG_AES_CBC_SHA384, 48, v);
}

static void run_hmac512(struct tally *t, struct vector *v)
{
	run_hmac(t, ACME_ALG_AES_CBC_SHA512, 64, v);
}

static const struct kind {
	const char *name;
	void (*run)(struct tally *t, struct vector *v);
} kinds[] = {
	{ "gcm", run_gcm }, { "chacha", run_chacha }, { "gmac", run_gmac },
	{ "espgmac", run_esp_gmac }, { "ctr", run_ctr }, { "cbc", run_cbc },
	{ "hmac256", run_hmac256 }, { "hmac384", run_hmac384 },
	{ "hmac512", run_hmac512 },
};

static void parse_field(struct field *f, char **rest)
{
	const char *word = strtok_r(NULL, BLANK, rest);

	assert_non_null(word);
	assert_true(strlen(word) <= 2 * TEXT_MAX);
	memset(f, 0, sizeof(*f));
	if (strcmp(word, "."))
		f->len = mock_hex(word, f->p);
}

static void parse_case(struct vector *v, char **rest)
{
	snprintf(v->name, sizeof(v->name), "%s", strtok_r(NULL, " ", rest));
	v->valid = !strcmp(strtok_r(NULL, " ", rest), "+");
	parse_field(&v->key, rest);
	parse_field(&v->iv, rest);
	parse_field(&v->aad, rest);
	parse_field(&v->text, rest);
	parse_field(&v->cipher, rest);
	parse_field(&v->icv, rest);
	assert_null(strtok_r(NULL, BLANK, rest));
}

/* What the file leaves out. */
static void parse_skip(struct tally *t, char **rest)
{
	u32 n = strtoul(strtok_r(NULL, " ", rest), NULL, 10);
	const char *reason;

	strtok_r(NULL, " ", rest);
	reason = strtok_r(NULL, "\n", rest);
	if (!strcmp(reason, bad_nonce))
		leave_out(t, bad_nonce, n);
	else if (!strcmp(reason, bad_icv))
		leave_out(t, bad_icv, n);
	else
		fail_msg("unknown reason: %s", reason);
}

/* The case that runs, for the report of a failure. */
static struct vector current;

static void run_line(struct tally *t, char *line)
{
	char *rest, *word;
	size_t i;

	word = strtok_r(line, BLANK, &rest);
	if (!word || *word == '#')
		return;
	if (!strcmp(word, "skip")) {
		parse_skip(t, &rest);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(word, kinds[i].name))
			break;
	if (i == ARRAY_SIZE(kinds))
		fail_msg("unknown kind: %s", word);
	snprintf(current.kind, sizeof(current.kind), "%s", word);
	parse_case(&current, &rest);
	kinds[i].run(t, &current);
}

static void run_file(struct tally *t, const char *name)
{
	const char *dir = getenv("ACME_VECTORS");
	char path[4096], *line = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/vectors",
		 name);
	f = fopen(path, "r");
	if (!f)
		fail_msg("can't read %s", path);
	while (getline(&line, &room, f) > 0)
		run_line(t, line);
	free(line);
	fclose(f);
}

/**
 * struct expected - the cases of a file
 * @file: name
 * @run: cases run
 * @skipped: cases not run, by reason
 */
struct expected {
	const char *file;
	u32 run;
	struct {
		const char *reason;
		u32 n;
	} skipped[REASONS];
};

static u32 skipped(const struct tally *t, const char *reason)
{
	u32 i;

	for (i = 0; i < REASONS && t->reason[i]; i++)
		if (!strcmp(t->reason[i], reason))
			return t->skipped[i];
	return 0;
}

static void test_file(void **state)
{
	const struct expected *e = *state;
	struct tally t = {};
	u32 i;

	run_file(&t, e->file);
	print_message("# %s: %u cases run\n", e->file, t.run);
	for (i = 0; i < REASONS && t.reason[i]; i++)
		print_message("# %s: %u not run: %s\n", e->file, t.skipped[i],
			      t.reason[i]);
	assert_int_equal(t.run, e->run);
	for (i = 0; i < REASONS && e->skipped[i].reason; i++)
		assert_int_equal(skipped(&t, e->skipped[i].reason),
				 e->skipped[i].n);
	assert_true(i == REASONS || !t.reason[i]);
}

static struct expected rfc = {
	.file = "rfc.txt",
	.run = 27,
	.skipped = { { one_block, 3 } },
};

static struct expected wycheproof = {
	.file = "wycheproof.txt",
	.run = 951,
	.skipped = {
		{ bad_nonce, 335 }, { bad_padding, 144 }, { whole_icv, 243 },
		{ no_message, 84 }, { bad_auth_key, 36 },
	},
};

static struct expected nist = {
	.file = "nist.txt",
	.run = 6968,
	.skipped = { { bad_nonce, 31500 }, { bad_icv, 9000 } },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "rfc", test_file, NULL, NULL, &rfc },
		{ "wycheproof", test_file, NULL, NULL, &wycheproof },
		{ "nist", test_file, NULL, NULL, &nist },
	};
	int failed = cmocka_run_group_tests_name("vectors", tests, NULL, NULL);

	if (failed)
		fprintf(stderr, "# the last case was %s %s\n", current.kind,
			current.name);
	return failed;
}
