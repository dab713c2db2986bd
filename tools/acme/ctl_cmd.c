// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The operator's commands. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "nic.h"

#define MAX_WORDS	8
#define WIRE_CUT	"wire-cut"

typedef void (*cmd_fn)(struct nic *nic, char **words, FILE *out);

static void ok(FILE *out)
{
	fputs("ok\n", out);
}

static void cmd_link(struct nic *nic, char **words, FILE *out)
{
	const char *state = words[1] ? words[1] : "";
	bool down = !strcmp(state, "down");

	if (!down && strcmp(state, "up")) {
		fputs("error: link: say up or down\n", out);
		return;
	}
	acme_dev_force_down(nic->dev, down);
	ok(out);
}

static void cmd_dump(struct nic *nic, char **words, FILE *out)
{
	const struct wire_cut *cut = &nic->wire.cut;
	const struct acme_number wire[] = {
		{ "cut_percent", cut->percent },
		{ "cut_seed", cut->seed },
		{ "cut_frames", cut->frames },
		{ }
	};

	if (words[1] && strcmp(words[1], "json")) {
		fputs("error: dump: say json or nothing\n", out);
		return;
	}
	ok(out);
	acme_dev_dump(nic->dev, wire, out, words[1]);
}

static void cmd_stats(struct nic *nic, char **words, FILE *out)
{
	(void)words;
	ok(out);
	acme_dev_stats(nic->dev, out);
}

static void cmd_version(struct nic *nic, char **words, FILE *out)
{
	(void)words;
	ok(out);
	fprintf(out, "acme-nic %s, interface %u.%u, profile %s\n",
		ACME_FW_VERSION, ACME_VERSION_MAJOR, nic->dev->cfg.minor,
		nic->dev->cfg.profile);
}

/* Faults with numbers: at least one, the second is optional. */
static const struct fault {
	const char *name;
	size_t first;
	size_t second;
	const char *args;
} faults[] = {
	{ "admin-drop", offsetof(struct acme_faults, admin_drop), 0, "N" },
	{ "admin-error", offsetof(struct acme_faults, admin_error),
	  offsetof(struct acme_faults, admin_error_op), "STATUS [OPCODE]" },
	{ "admin-delay", offsetof(struct acme_faults, admin_delay_ms), 0,
	  "MS" },
	{ "irq-drop", offsetof(struct acme_faults, irq_drop), 0, "N" },
	{ "tx-stall", offsetof(struct acme_faults, tx_stall), 0, "0|1" },
};

/* What befalls a command, by enum acme_cmd_action. */
static const struct {
	const char *name;
	const char *arg;
} actions[ACME_CMD_ACTIONS] = {
	[ACME_CMD_REFUSE] = { "refuse", "STATUS" },
	[ACME_CMD_LATE_BEFORE] = { "late-before", "MS" },
	[ACME_CMD_LATE_AFTER] = { "late-after", "MS" },
	[ACME_CMD_LOSE_BEFORE] = { "lose-before", NULL },
	[ACME_CMD_LOSE_AFTER] = { "lose-after", NULL },
	[ACME_CMD_KILL_BEFORE] = { "kill-before", NULL },
	[ACME_CMD_KILL_AFTER] = { "kill-after", NULL },
	[ACME_CMD_RESET_BEFORE] = { "reset-before", NULL },
	[ACME_CMD_RESET_AFTER] = { "reset-after", NULL },
};

static u32 *fault_at(struct acme_faults *f, size_t offset)
{
	return (u32 *)((char *)f + offset);
}

static void list_cmd_faults(const struct acme_faults *f, FILE *out)
{
	const struct acme_cmd_fault *fault;
	u16 op;

	for (op = 0; op < ACME_OP_LIMIT; op++) {
		fault = &f->cmds[op];
		if (fault->action == ACME_CMD_FINE)
			continue;
		fprintf(out, "%s %s", acme_cmd_name(op),
			actions[fault->action].name);
		if (actions[fault->action].arg)
			fprintf(out, " %u", fault->arg);
		if (fault->left)
			fprintf(out, " %u", fault->left);
		fputc('\n', out);
	}
}

static void list_faults(struct nic *nic, FILE *out)
{
	struct acme_faults f = nic->dev->faults;
	size_t i;

	ok(out);
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		fprintf(out, "%s %u", faults[i].name,
			*fault_at(&f, faults[i].first));
		if (faults[i].second)
			fprintf(out, " %u", *fault_at(&f, faults[i].second));
		fputc('\n', out);
	}
	fprintf(out, WIRE_CUT " %u %u\n", nic->wire.cut.percent,
		nic->wire.cut.seed);
	fprintf(out, "dead %u\n", f.dead);
	fprintf(out, "killed %u\n", f.killed);
	list_cmd_faults(&f, out);
}

static bool number(const char *word, u32 *value)
{
	unsigned long v;
	char *rest;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	v = strtoul(word, &rest, 0);
	*value = v;
	return !errno && !*rest && v <= UINT32_MAX;
}

static bool set_fault(struct acme_faults *f, const struct fault *fault,
		      char **args)
{
	u32 first, second = 0;

	if (!number(args[0], &first))
		return false;
	if (args[1] && (!fault->second || !number(args[1], &second)))
		return false;
	*fault_at(f, fault->first) = first;
	if (fault->second)
		*fault_at(f, fault->second) = second;
	return true;
}

/* COMMAND ACTION [STATUS|MS] [N] */
static bool set_cmd_fault(struct acme_faults *f, u16 op, char **args)
{
	struct acme_cmd_fault fault = { };
	u8 i;

	for (i = 1; i < ACME_CMD_ACTIONS && !fault.action; i++)
		if (args[0] && !strcmp(args[0], actions[i].name))
			fault.action = i;
	if (!fault.action)
		return false;
	args++;
	if (actions[fault.action].arg && !number(*args++, &fault.arg))
		return false;
	if (args[0] && !number(args[0], &fault.left))
		return false;
	f->cmds[op] = fault;
	return true;
}

static void fault_usage(FILE *out)
{
	size_t i;

	fputs("error: fault: say list, clear, dead, kill, die", out);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		fprintf(out, ", %s %s", faults[i].name, faults[i].args);
	fputs(", " WIRE_CUT " PERCENT [SEED], or COMMAND with one of", out);
	for (i = 1; i < ACME_CMD_ACTIONS; i++)
		fprintf(out, " %s%s%s", actions[i].name,
			actions[i].arg ? " " : "",
			actions[i].arg ? actions[i].arg : "");
	fputs(" and perhaps how many times\n", out);
}

/* PERCENT [SEED]: of the wire, not of the device */
static bool set_wire_cut(struct wire_cut *cut, char **args)
{
	u32 percent, seed = 0;

	if (!number(args[0], &percent) || percent > 100 ||
	    (args[1] && (!number(args[1], &seed) || args[2])))
		return false;
	wire_cut_set(cut, percent, seed);
	return true;
}

/* Return: is this a fault with all it needs? */
static bool parse_fault(struct nic *nic, struct acme_faults *f, char **words)
{
	size_t i;
	u16 op;

	if (!strcmp(words[0], "dead")) {
		f->dead = true;
		return true;
	}
	if (!strcmp(words[0], "clear")) {
		memset(f, 0, sizeof(*f));
		wire_cut_set(&nic->wire.cut, 0, 0);
		return true;
	}
	if (!strcmp(words[0], WIRE_CUT))
		return set_wire_cut(&nic->wire.cut, words + 1);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(words[0], faults[i].name))
			return set_fault(f, &faults[i], words + 1);
	op = acme_cmd_opcode(words[0]);
	return op && set_cmd_fault(f, op, words + 1);
}

/* Without cleaning up or an answer. Standard error tells it from an accident. */
static void die(void)
{
	complain("dies as told");
	raise(SIGKILL);
}

static void cmd_fault(struct nic *nic, char **words, FILE *out)
{
	struct acme_faults f = nic->dev->faults;

	if (words[1] && !strcmp(words[1], "list")) {
		list_faults(nic, out);
		return;
	}
	if (words[1] && !strcmp(words[1], "kill")) {
		acme_dev_kill(nic->dev);
		ok(out);
		return;
	}
	if (words[1] && !strcmp(words[1], "die"))
		die();
	if (!words[1] || !parse_fault(nic, &f, words + 1)) {
		fault_usage(out);
		return;
	}
	acme_dev_set_faults(nic->dev, &f);
	ok(out);
}

static void cmd_help(struct nic *nic, char **words, FILE *out);

static const struct {
	const char *name;
	cmd_fn fn;
	const char *text;
} commands[] = {
	{ "dump", cmd_dump, "dump [json]: all state but keys" },
	{ "fault", cmd_fault,
	  "fault list|clear|FAULT: misbehave (fault alone: the choice)" },
	{ "help", cmd_help, "help: this list" },
	{ "link", cmd_link, "link up|down: force the link down, or let it be" },
	{ "stats", cmd_stats, "stats: counters" },
	{ "version", cmd_version, "version: of the device" },
};

static void cmd_help(struct nic *nic, char **words, FILE *out)
{
	size_t i;

	(void)nic;
	(void)words;
	ok(out);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "%s\n", commands[i].text);
}

static void unknown(const char *word, FILE *out)
{
	size_t i;

	fprintf(out, "error: %s: unknown, there are", word ? word : "nothing");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, " %s", commands[i].name);
	fputc('\n', out);
}

void ctl_command(struct nic *nic, char *line, FILE *out)
{
	char *words[MAX_WORDS + 1] = {};
	char *rest = line;
	size_t i, n = 0;

	while (n < MAX_WORDS && (words[n] = strtok_r(rest, " \t\r", &rest)))
		n++;
	for (i = 0; words[0] && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(words[0], commands[i].name)) {
			log_line("ctl: %s", words[0]);
			commands[i].fn(nic, words, out);
			return;
		}
	unknown(words[0], out);
}
