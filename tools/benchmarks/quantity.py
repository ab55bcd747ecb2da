"""Sizes as people write and read them."""

import argparse

_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_bytes(text):
    """4096, 64K, 1.5G; a trailing B or iB says nothing new."""
    number = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = number[-1:] if number[-1:] in _FACTORS else ""
    try:
        value = int(float(number.removesuffix(unit)) * _FACTORS[unit])
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 64M, 1.5G") from None
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no size")
    return value


def mebibytes(value):
    return "" if value is None else f"{value / (1 << 20):,.1f} MiB"


def seconds(value):
    return "" if value is None else f"{value:.1f}"
