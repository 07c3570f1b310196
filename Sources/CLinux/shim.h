#pragma once

// Calls of Linux that the Glibc module leaves out, for it is built without _GNU_SOURCE.
int syncfs(int fd);
