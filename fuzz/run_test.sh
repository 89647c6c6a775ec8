#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs a program as a test: run_test.sh [env NAME=VALUE...] PROGRAM ARGUMENT...
exec "$@"
