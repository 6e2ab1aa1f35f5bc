"""Exact arithmetic as DuckDB SQL: whole numbers of 128 bits for rows, numbers of any length for the fractions of a KPI.

A quantity is a whole number of 10^-24 of its unit, one of 10^-9 before it is multiplied. DuckDB's BIGNUM adds and subtracts exactly, but turns into a binary float when it is
multiplied or divided, so both are done by the digits, as on paper.
"""

BASE = 10**12
"""Numbers are multiplied by limbs of twelve digits: four of them hold a quantity."""

MACROS = (
    # Half-even division of whole numbers; the divisor is above zero.
    """CREATE MACRO half_even(n, d) AS
       (CASE WHEN n < 0 THEN -1 ELSE 1 END)::HUGEINT * (abs(n) // d + CASE WHEN 2 * (abs(n) % d) > d OR (2 * (abs(n) % d) = d AND (abs(n) // d) % 2 = 1) THEN 1 ELSE 0 END)""",
    # What two limbs and what lies above them come to, when the lowest 24 digits are rounded away, half-even.
    f"""CREATE MACRO without_24(low, high) AS
       high + low // {BASE**2}::HUGEINT + CASE WHEN 2 * (low % {BASE**2}::HUGEINT) > {BASE**2}::HUGEINT
            OR (2 * (low % {BASE**2}::HUGEINT) = {BASE**2}::HUGEINT AND (high + low // {BASE**2}::HUGEINT) % 2 = 1) THEN 1 ELSE 0 END""",
    "CREATE MACRO limb(x, k) AS " + f"(CASE k WHEN 0 THEN x % {BASE} WHEN 1 THEN (x // {BASE}) % {BASE} WHEN 2 THEN (x // {BASE**2}::HUGEINT) % {BASE} ELSE x // {BASE**3}::HUGEINT END)",
    f"""CREATE MACRO natural_product(x, y) AS without_24(
         limb(x, 0) * limb(y, 0) + (limb(x, 0) * limb(y, 1) + limb(x, 1) * limb(y, 0)) * {BASE},
         limb(x, 0) * limb(y, 2) + limb(x, 1) * limb(y, 1) + limb(x, 2) * limb(y, 0)
         + (limb(x, 0) * limb(y, 3) + limb(x, 1) * limb(y, 2) + limb(x, 2) * limb(y, 1) + limb(x, 3) * limb(y, 0)) * {BASE}
         + (limb(x, 1) * limb(y, 3) + limb(x, 2) * limb(y, 2) + limb(x, 3) * limb(y, 1)) * {BASE**2}::HUGEINT
         + (limb(x, 2) * limb(y, 3) + limb(x, 3) * limb(y, 2)) * {BASE**3}::HUGEINT
         + CASE WHEN limb(x, 3) > 0 AND limb(y, 3) > 0 THEN error('a product does not fit into 128 bits')::HUGEINT ELSE 0::HUGEINT END)""",
    # Two numbers with 24 decimals give one with 24 decimals, half-even.
    """CREATE MACRO product_24(a, b) AS
       (CASE WHEN (a < 0) <> (b < 0) THEN -1 ELSE 1 END)::HUGEINT * natural_product(abs(a)::HUGEINT, abs(b)::HUGEINT)""",
    # A decimal as a whole number of its last place: 1.50 is 150.
    "CREATE MACRO unscaled(x) AS replace(x::VARCHAR, '.', '')::HUGEINT",
    # ---- numbers of any length, as text
    """CREATE MACRO tenfold(a) AS list_transform(range(10), lambda k: list_reduce(list_concat(['0'::BIGNUM], list_transform(range(k), lambda _: a::BIGNUM)), lambda x, y: x + y))""",
    "CREATE MACRO bare_of(a) AS ltrim(a, '-')",
    "CREATE MACRO negative(a) AS (a LIKE '-%' AND a <> '-0')",
    "CREATE MACRO signed(minus, a) AS (CASE WHEN minus AND a <> '0' THEN '-' || a ELSE a END)",
    # Long multiplication of natural numbers, the digits of b from the left; `multiples` is `tenfold` of the other one.
    """CREATE MACRO long_product(multiples, b) AS list_reduce(string_split(b, ''), lambda sum, digit: ((sum || '0')::BIGNUM + multiples[digit::INT + 1])::VARCHAR, '0')""",
    "CREATE MACRO plus(a, b) AS (a::BIGNUM + b::BIGNUM)::VARCHAR",
    "CREATE MACRO minus(a, b) AS (a::BIGNUM - b::BIGNUM)::VARCHAR",
    # Long division of natural numbers, the digits of n from the left; `multiples` is `tenfold` of the divisor. Quotient and remainder with a bar between them.
    "CREATE MACRO digit_of(multiples, rest) AS list_count(list_filter(multiples, lambda m: m <= rest::BIGNUM))",
    """CREATE MACRO long_division(n, multiples) AS list_reduce(string_split(n, ''), lambda done, digit: (
         split_part(done, '|', 1) || (digit_of(multiples, split_part(done, '|', 2) || digit) - 1)::VARCHAR || '|'
         || ((split_part(done, '|', 2) || digit)::BIGNUM - multiples[digit_of(multiples, split_part(done, '|', 2) || digit)])::VARCHAR), '|')""",
    "CREATE MACRO quotient_of(done) AS (split_part(done, '|', 1)::BIGNUM)::VARCHAR",
    "CREATE MACRO twice_rest(done) AS (split_part(done, '|', 2)::BIGNUM + split_part(done, '|', 2)::BIGNUM)",
    "CREATE MACRO is_odd(a) AS (right(a, 1)::INT % 2 = 1)",
    # top/bottom with some decimals as a whole number of the last one; bottom above zero. Half-even for what is kept, half-up (away from zero) for what is printed.
    """CREATE MACRO kept(top, bottom, done) AS signed(negative(top), CASE WHEN twice_rest(done) > bottom::BIGNUM OR (twice_rest(done) = bottom::BIGNUM AND is_odd(quotient_of(done)))
         THEN plus(quotient_of(done), '1') ELSE quotient_of(done) END)""",
    """CREATE MACRO print_of(top, bottom, done) AS signed(negative(top), CASE WHEN twice_rest(done) >= bottom::BIGNUM THEN plus(quotient_of(done), '1') ELSE quotient_of(done) END)""",
    # A whole number of the last decimal with its point.
    """CREATE MACRO pointed(a, decimals) AS CASE WHEN decimals = 0 THEN a ELSE signed(negative(a), regexp_replace(
         repeat('0', greatest(decimals + 1 - length(bare_of(a)), 0)) || bare_of(a), '^(.*)(.{' || decimals::VARCHAR || '})$', '\\1.\\2')) END""",
)  # fmt: skip
"""What every connection of the second engine begins with."""
