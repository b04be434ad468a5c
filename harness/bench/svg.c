/* SPDX-License-Identifier: BSD-2-Clause */
#include "svg.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEFT   76
#define RIGHT  (SVG_WIDTH - 190)
#define TOP    28
#define BOTTOM (SVG_CHART - 44)
#define HEAD   74

static const char *const colours[] = {"#1f6fb4", "#c8501e", "#2f8f4e", "#7a4fa3", "#9a7b12"};

static void text(
        struct svg *s, double x, double y, const char *anchor, const char *class, const char *words)
{
	fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y,
	        anchor, class);
	for (; *words; words++)
		switch (*words) {
		case '<':
			fputs("&lt;", s->out);
			break;
		case '&':
			fputs("&amp;", s->out);
			break;
		default:
			fputc(*words, s->out);
		}
	fputs("</text>\n", s->out);
}

static double share(const struct svg_axis *a, double v)
{
	if (v < a->lo)
		v = a->lo;
	if (v > a->hi)
		v = a->hi;
	if (a->log)
		return (log10(v) - log10(a->lo)) / (log10(a->hi) - log10(a->lo));
	return (v - a->lo) / (a->hi - a->lo);
}

static double px(const struct svg *s, double x)
{
	return LEFT + share(&s->x, x) * (RIGHT - LEFT);
}

static double py(const struct svg *s, double y)
{
	return s->y0 + BOTTOM - share(&s->y, y) * (BOTTOM - TOP);
}

/* The least of these times a power of ten that is not below v. */
static double round_up(double v, const double *steps, size_t n)
{
	double unit;

	if (v <= 0)
		return 1;
	unit = pow(10, floor(log10(v)));
	for (size_t i = 0; i < n; i++)
		if (v <= steps[i] * unit * (1 + 1e-9))
			return steps[i] * unit;
	return 10 * unit;
}

/* Each is a multiple of the step that ticks() takes for it. */
double svg_round_up(double v)
{
	static const double ends[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8};

	return round_up(v, ends, sizeof ends / sizeof *ends);
}

static double step_of(const struct svg_axis *a)
{
	static const double steps[] = {1, 2, 5};
	double step = round_up((a->hi - a->lo) / 5, steps, sizeof steps / sizeof *steps);

	return a->whole ? fmax(step, 1) : step;
}

static void label(const struct svg_axis *a, double v, char *ret, size_t size)
{
	double percent = 100 * (1 - pow(10, -v)), unit = a->log ? v : a->hi;

	if (a->nines)
		snprintf(ret, size, "%.*f %%", v > 2.5 ? (int)lround(v) - 2 : 0, percent);
	else if (v > 0 && unit >= 1e6)
		snprintf(ret, size, "%gM", v / 1e6);
	else if (v > 0 && unit >= 1e4)
		snprintf(ret, size, "%gk", v / 1e3);
	else
		snprintf(ret, size, "%g", v);
}

/* The values at which an axis has a line: up to 16. */
static int ticks(const struct svg_axis *a, double ret[16])
{
	int n = 0;
	double step;

	if (a->log) {
		for (double v = a->lo; v <= a->hi * 1.001 && n < 16; v *= 10)
			ret[n++] = v;
		return n;
	}
	step = a->nines ? 1 : step_of(a);
	for (double v = a->lo; v <= a->hi * 1.0001 && n < 16; v += step)
		ret[n++] = v;
	return n;
}

/* A FIFO that nobody reads is refused rather than waited for. */
static int open_to_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (flags >= 0 && !fcntl(fd, F_SETFL, flags & ~O_NONBLOCK))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

FILE *svg_open(const char *path, struct err *err)
{
	int fd = open_to_write(path);

	if (fd >= 0)
		return must(fdopen(fd, "a"));
	if (errno == ENXIO)
		err_set(err, ERR_INPUT, "--plot %s: nobody reads from there", path);
	else
		err_sys(err, "--plot %s", path);
	err->kind = ERR_INPUT;
	return NULL;
}

int svg_close(FILE *out, const char *path, int keep, struct err *err)
{
	struct stat st;
	int failed;

	if (!out)
		return 0;
	if (!keep && !fstat(fileno(out), &st) && S_ISREG(st.st_mode) && !st.st_size)
		unlink(path);
	failed = ferror(out);
	failed |= fclose(out);
	return failed && keep ? err_sys(err, "--plot %s", path) : 0;
}

void svg_begin(struct svg *s, FILE *out, unsigned charts, const char *title, const char *first,
        const char *second)
{
	memset(s, 0, sizeof *s);
	if (ftruncate(fileno(out), 0))
		errno = 0; /* a pipe, a terminal: there is nothing to cut off */
	s->out = out;
	s->y0 = HEAD - SVG_CHART;
	fprintf(out,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
	        "height=\"%u\">\n"
	        "<style>text{font:12px sans-serif;fill:#333}.t{font-size:17px;fill:#111}"
	        ".h{font-size:13px;font-weight:bold}.g{stroke:#ddd;stroke-width:1}"
	        "path{fill:none;stroke-width:1.6}</style>\n"
	        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	        SVG_WIDTH, HEAD + charts * SVG_CHART, SVG_WIDTH, HEAD + charts * SVG_CHART);
	text(s, LEFT, 24, "start", "t", title);
	text(s, LEFT, 44, "start", "", first);
	text(s, LEFT, 60, "start", "", second);
}

static void grid(struct svg *s)
{
	double v[16];
	char words[32];

	for (int i = 0, n = ticks(&s->y, v); i < n; i++) {
		fprintf(s->out, "<path class=\"g\" d=\"M%d %.1fH%d\"/>\n", LEFT, py(s, v[i]),
		        RIGHT);
		label(&s->y, v[i], words, sizeof words);
		text(s, LEFT - 6, py(s, v[i]) + 4, "end", "", words);
	}
	for (int i = 0, n = ticks(&s->x, v); i < n; i++) {
		fprintf(s->out, "<path class=\"g\" d=\"M%.1f %dV%d\"/>\n", px(s, v[i]), s->y0 + TOP,
		        s->y0 + BOTTOM);
		label(&s->x, v[i], words, sizeof words);
		text(s, px(s, v[i]), s->y0 + BOTTOM + 16, "middle", "", words);
	}
}

void svg_chart(struct svg *s, const char *title, const struct svg_axis *x, const struct svg_axis *y)
{
	s->y0 += SVG_CHART;
	s->x = *x;
	s->y = *y;
	s->n_lines = 0;
	text(s, LEFT, s->y0 + TOP - 10, "start", "h", title);
	grid(s);
	text(s, RIGHT + 34, s->y0 + BOTTOM + 16, "start", "", x->label);
}

void svg_line(struct svg *s, const char *name)
{
	const char *colour = colours[s->n_lines % (sizeof colours / sizeof *colours)];
	const char *dashes = s->n_lines == 2 ? " stroke-dasharray=\"4 3\"" : "";
	int y = s->y0 + TOP + 8 + 18 * (int)s->n_lines++;

	fprintf(s->out, "<path stroke=\"%s\"%s d=\"M%d %dh16\"/>\n", colour, dashes, RIGHT + 12,
	        y - 4);
	text(s, RIGHT + 32, y, "start", "", name);
	fprintf(s->out, "<path stroke=\"%s\"%s stroke-linejoin=\"round\" d=\"", colour, dashes);
	s->pen = 'M'; /* the next point begins the line */
}

void svg_point(struct svg *s, double x, double y)
{
	fprintf(s->out, "%c%.1f %.1f", s->pen, px(s, x), py(s, y));
	s->pen = 'L';
}

void svg_line_end(struct svg *s)
{
	fputs(s->pen == 'M' ? "M0 0\"/>\n" : "\"/>\n", s->out);
}

void svg_mark(struct svg *s, double x, const char *words)
{
	int right = share(&s->x, x) > 0.75;

	fprintf(s->out, "<path stroke=\"#555\" stroke-dasharray=\"2 3\" d=\"M%.1f %dV%d\"/>\n",
	        px(s, x), s->y0 + TOP, s->y0 + BOTTOM);
	text(s, px(s, x) + (right ? -4 : 4), s->y0 + TOP + 12, right ? "end" : "start", "", words);
}

void svg_nothing(struct svg *s, const char *words)
{
	text(s, (LEFT + RIGHT) / 2.0, s->y0 + (TOP + BOTTOM) / 2.0, "middle", "", words);
}

void svg_end(struct svg *s)
{
	fputs("</svg>\n", s->out);
}
