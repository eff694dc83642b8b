/*
 * One station in C: the same loop, tables and generators as sim/model/station-run.ts, so that the
 * others can be set beside what a compiler makes of it. Prints messages a CPU second and the mean
 * wait in units of the mean service.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 128, CELLS = 4096, TAIL = 85, LANES = 4 };

struct table {
  double cells[CELLS + 1], low[TAIL], high[TAIL];
};

static struct table gap_law, access_law, service_law;
static uint32_t states[3][4][LANES];
static uint32_t words[BLOCK];
static double gaps[BLOCK], accesses[BLOCK], services[BLOCK];
static uint32_t latencies[1728];

static double tail_node(int i) {
  int octave = i >> 2;
  double start = octave == 0 ? 0 : ldexp(1, octave - 1);
  double width = octave == 0 ? 1 : start;
  return start + width * (i & 3) / 4;
}

/* Exponential quantiles, to the power of `shape`: 1 is exponential, less is narrower. */
static void make(struct table *law, double scale, double shape) {
  for (int i = 1; i < CELLS; i++) law->cells[i] = scale * pow(-log1p(-i / (double)CELLS), shape);
  for (int i = 0; i < TAIL; i++) {
    double p = fmax(tail_node(i), 0.5) / 1048576 / CELLS;
    law->low[i] = scale * pow(-log1p(-p), shape);
    law->high[i] = scale * pow(-log(p), shape);
  }
}

static uint32_t rotl(uint32_t x, int by) { return x << by | x >> (32 - by); }

static void fill_words(uint32_t state[4][LANES]) {
  for (int i = 0; i < BLOCK; i += LANES) {
    for (int lane = 0; lane < LANES; lane++) {
      uint32_t a = state[0][lane], b = state[1][lane], c = state[2][lane], d = state[3][lane];
      words[i + lane] = rotl(b * 5, 7) * 9;
      uint32_t shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = rotl(d, 11);
      state[0][lane] = a, state[1][lane] = b, state[2][lane] = c, state[3][lane] = d;
    }
  }
}

static double tail_at(const double *nodes, uint32_t rest) {
  if (rest == 0) return nodes[0];
  int octave = 32 - __builtin_clz(rest);
  double start = (double)(1u << (octave - 1));
  double position = (rest - start) / start * 4;
  int step = (int)position;
  double from = nodes[octave * 4 + step];
  return from + (nodes[octave * 4 + step + 1] - from) * (position - step);
}

static void refill(uint32_t state[4][LANES], const struct table *law, double *values) {
  fill_words(state);
  for (int i = 0; i < BLOCK; i++) {
    uint32_t word = words[i], cell = word >> 20, rest = word & 0xfffff;
    if (cell - 1 < CELLS - 2) {
      double from = law->cells[cell];
      values[i] = from + (law->cells[cell + 1] - from) * ((double)(int32_t)rest * (1.0 / 1048576));
    } else {
      values[i] = cell == 0 ? tail_at(law->low, rest) : tail_at(law->high, 0xfffff - rest);
    }
  }
}

int main(int argc, char **argv) {
  long blocks = argc > 1 ? atol(argv[1]) : 100000;
  make(&gap_law, 1, 1);
  make(&access_law, 12000, 0.4);
  make(&service_law, 350, 1);
  for (int s = 0; s < 3; s++)
    for (int word = 0; word < 4; word++)
      for (int lane = 0; lane < LANES; lane++)
        states[s][word][lane] = 2654435761u * (uint32_t)(s * 16 + word * 4 + lane + 1);
  double at = 0, freeAt = -INFINITY, waits = 0;
  clock_t start = clock();
  for (long block = 0; block < blocks; block++) {
    refill(states[0], &gap_law, gaps);
    refill(states[1], &access_law, accesses);
    refill(states[2], &service_law, services);
    for (int i = 0; i < BLOCK; i++) {
      at += gaps[i] * 500;
      freeAt = (at > freeAt ? at : freeAt) + services[i];
      waits += freeAt - at - services[i];
      uint32_t us = (uint32_t)(freeAt - at + accesses[i] + 0.5);
      uint32_t bucket = us;
      if (us >= 64) {
        int shift = 25 - __builtin_clz(us);
        bucket = ((uint32_t)shift << 6) + (us >> shift);
      }
      latencies[bucket]++;
    }
  }
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  printf("%.0f %.4f\n", blocks * BLOCK / seconds, waits / (blocks * BLOCK) / 350);
  return latencies[0] > 1u << 31;
}
