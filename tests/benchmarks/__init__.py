"""The benchmark: what the issue asks to be shown, each figure a ratio measured in one run. `make bench`; no part of the tests."""
