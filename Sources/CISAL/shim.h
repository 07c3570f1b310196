#pragma once
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

/* Compression to gzip. The stream's type has arrays that are too long for Swift, so it stays behind a pointer. */

struct cisal_gzip {
  struct isal_zstream stream;
  uint8_t level_buffer[ISAL_DEF_LVL3_DEFAULT];
};

/* Begins a stream of level 0 to 3; NULL without memory. */
static inline void *cisal_gzip_new(uint32_t level) {
  struct cisal_gzip *gzip = (struct cisal_gzip *)malloc(sizeof *gzip);
  if (!gzip) return NULL;
  isal_deflate_init(&gzip->stream);
  gzip->stream.level = level;
  gzip->stream.level_buf = gzip->level_buffer;
  gzip->stream.level_buf_size = sizeof gzip->level_buffer;
  gzip->stream.gzip_flag = IGZIP_GZIP;
  gzip->stream.flush = NO_FLUSH;
  return gzip;
}

/* Compresses some of the input into the output. Tells how many bytes were taken and given; 0 is success. Where the
   output is full, there may be more. */
static inline int cisal_gzip_run(void *handle, const uint8_t *input, uint32_t input_size, int is_last, uint8_t *output,
                                 uint32_t output_size, uint32_t *taken, uint32_t *given) {
  struct isal_zstream *stream = &((struct cisal_gzip *)handle)->stream;
  stream->next_in = (uint8_t *)input;
  stream->avail_in = input_size;
  stream->end_of_stream = is_last ? 1 : 0;
  stream->next_out = output;
  stream->avail_out = output_size;
  int result = isal_deflate(stream);
  *taken = input_size - stream->avail_in;
  *given = output_size - stream->avail_out;
  return result;
}
