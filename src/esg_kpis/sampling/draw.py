"""Chance that anybody can make again: SHA-256 of a short text in ASCII that begins with the seed.

`printf '%s' '7:start' | sha256sum` gives what the draw with seed 7 rests on. Neither the order in which items come nor the version of any library plays a part.
"""

import hashlib
from decimal import ROUND_CEILING, Context, Decimal

_STEPS = 2**32
_CONTEXT = Context(prec=60)


def key_of(seed: int, what: str, name: str) -> str:
    """The key of an item in a draw, in hexadecimal digits: items are drawn in the order of their keys."""
    return hashlib.sha256(f"{seed}:{what}:{name}".encode()).hexdigest()


def start_of(seed: int, interval: Decimal) -> Decimal:
    """The random start: (h + 1) / 2^32 of the interval, rounded up to its decimals, where h are the first eight hexadecimal digits of SHA-256 of `SEED:start`."""
    digits = int(hashlib.sha256(f"{seed}:start".encode()).hexdigest()[:8], 16)
    share = _CONTEXT.divide(_CONTEXT.multiply(interval, Decimal(digits + 1)), Decimal(_STEPS))
    return share.quantize(Decimal(1).scaleb(int(interval.as_tuple().exponent)), rounding=ROUND_CEILING, context=_CONTEXT)
