/* SPDX-License-Identifier: BSD-2-Clause */
#include "observe/symbols.h"

#include "core/array.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

struct function {
	uint64_t start, size;
	char *name;
};

/* One file that was mapped, by whoever. */
struct object {
	char *path; /* as seen from here: below /proc/PID/root */
	char *label;
	ARRAY(struct function) functions; /* by address */
	ARRAY(GElf_Phdr) loads;
	UT_hash_handle hh;
};

struct mapping {
	uint64_t start, end, offset;
	struct object *object; /* NULL: of no file, as what a compiler made at run time */
};

struct process {
	pid_t pid;
	ARRAY(struct mapping) mappings;
	UT_hash_handle hh;
};

struct symbols {
	struct object *objects;
	struct process *processes;
};

struct symbols *symbols_new(void)
{
	elf_version(EV_CURRENT);
	return must(calloc(1, sizeof(struct symbols)));
}

static void object_free(struct object *o)
{
	array_each (struct function, f, &o->functions)
		free(f->name);
	array_free(&o->functions);
	array_free(&o->loads);
	free(o->path);
	free(o->label);
	free(o);
}

void symbols_free(struct symbols *s)
{
	struct object *o, *o_next;
	struct process *p, *p_next;

	if (!s)
		return;
	HASH_ITER (hh, s->objects, o, o_next) {
		HASH_DEL(s->objects, o);
		object_free(o);
	}
	HASH_ITER (hh, s->processes, p, p_next) {
		HASH_DEL(s->processes, p);
		array_free(&p->mappings);
		free(p);
	}
	free(s);
}

/* ---- ELF ---- */

static void add_function(struct object *o, Elf *elf, size_t strings, const GElf_Sym *sym)
{
	struct function f = {.start = sym->st_value, .size = sym->st_size};
	const char *name = elf_strptr(elf, strings, sym->st_name);

	if (GELF_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_shndx == SHN_UNDEF || !name || !*name)
		return;
	f.name = must(strdup(name));
	array_push(&o->functions, f);
}

static void read_table(struct object *o, Elf *elf, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr head;
	GElf_Sym sym;

	if (!data || !gelf_getshdr(section, &head) || !head.sh_entsize)
		return;
	for (size_t i = 0; i < head.sh_size / head.sh_entsize; i++)
		if (gelf_getsym(data, (int)i, &sym))
			add_function(o, elf, head.sh_link, &sym);
}

static int by_start(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void read_elf(struct object *o, Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	GElf_Phdr load;
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &load) && load.p_type == PT_LOAD)
			array_push(&o->loads, load);
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &head) &&
		        (head.sh_type == SHT_SYMTAB || head.sh_type == SHT_DYNSYM))
			read_table(o, elf, section);
	if (o->functions.n)
		qsort(o->functions.v, o->functions.n, sizeof *o->functions.v, by_start);
}

static struct object *object_of(struct symbols *s, pid_t pid, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct object *o;
	char path[600];
	Elf *elf;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/root%s", (int)pid, name);
	HASH_FIND_STR(s->objects, path, o);
	if (o)
		return o;
	o = must(calloc(1, sizeof *o));
	o->path = must(strdup(path));
	o->label = must(strdup(slash ? slash + 1 : name));
	HASH_ADD_KEYPTR(hh, s->objects, o->path, strlen(o->path), o);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return o;
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		read_elf(o, elf);
	elf_end(elf);
	close(fd);
	return o;
}

static const struct function *function_at(const struct object *o, uint64_t at)
{
	size_t lo = 0, hi = o->functions.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->functions.v[mid].start <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	if (o->functions.v[lo - 1].size &&
	        at >= o->functions.v[lo - 1].start + o->functions.v[lo - 1].size)
		return NULL;
	return &o->functions.v[lo - 1];
}

/* An address in the file's own numbering, from its place in the file. */
static uint64_t file_address(const struct object *o, uint64_t offset)
{
	array_each (const GElf_Phdr, p, &o->loads)
		if (offset >= p->p_offset && offset < p->p_offset + p->p_filesz)
			return offset - p->p_offset + p->p_vaddr;
	return offset;
}

/* ---- processes ---- */

static void read_maps(struct symbols *s, struct process *p)
{
	unsigned long long start, end, offset;
	char line[700], path[32], name[512];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)p->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		char x;

		*name = 0;
		if (sscanf(line, "%llx-%llx %*c%*c%c%*c %llx %*s %*s %511[^\n]", &start, &end, &x,
		            &offset, name) < 4 ||
		        x != 'x')
			continue;
		array_push(
		        &p->mappings, ((struct mapping){start, end, offset,
		                              *name == '/' ? object_of(s, p->pid, name) : NULL}));
	}
	if (f)
		fclose(f);
}

static struct process *process_of(struct symbols *s, pid_t pid)
{
	struct process *p;

	HASH_FIND(hh, s->processes, &pid, sizeof pid, p);
	if (p)
		return p;
	p = must(calloc(1, sizeof *p));
	p->pid = pid;
	HASH_ADD(hh, s->processes, pid, sizeof p->pid, p);
	read_maps(s, p);
	return p;
}

void symbols_meet(struct symbols *s, pid_t pid)
{
	process_of(s, pid);
}

static const struct mapping *mapping_at(const struct process *p, uint64_t address)
{
	array_each (const struct mapping, m, &p->mappings)
		if (address >= m->start && address < m->end)
			return m;
	return NULL;
}

int symbols_is_code(struct symbols *s, pid_t pid, uint64_t address)
{
	const struct process *p = process_of(s, pid);

	return p->mappings.n ? mapping_at(p, address) != NULL : -1;
}

const char *symbols_name(
        struct symbols *s, pid_t pid, uint64_t address, int is_return, char *buf, size_t size)
{
	const struct process *p = process_of(s, pid);
	const struct mapping *m = mapping_at(p, address);
	const struct function *f;
	uint64_t at;

	if (!m || !m->object) {
		snprintf(buf, size, "0x%llx%s", (unsigned long long)address,
		        p->mappings.n ? "" : " (process gone)");
		return buf;
	}
	at = file_address(m->object, address - m->start + m->offset);
	f = function_at(m->object, at - !!is_return);
	if (f)
		snprintf(buf, size, "%s+0x%llx (%s)", f->name, (unsigned long long)(at - f->start),
		        m->object->label);
	else
		snprintf(buf, size, "0x%llx (%s)", (unsigned long long)at, m->object->label);
	return buf;
}
