"""УНП, the payer's number of Belarus: nine characters, the last of which checks the others.

Source: the Ministry of Taxes' rule. The weights 29 23 19 17 13 7 5 3 over the first eight characters, summed,
modulo 11, give the ninth; a remainder of 10 is never issued. People's numbers begin with two letters.
"""

WEIGHTS = (29, 23, 19, 17, 13, 7, 5, 3)
FIRST_LETTERS = "ABCEHKM"
SECOND_LETTERS = "ABCEHKMOPT"
# The letters look alike in both alphabets, and people type either.
_LATIN = str.maketrans("АВСЕНКМОРТ", "ABCEHKMOPT")


def normalised_unp(typed: str) -> str:
    """What was typed, without spaces, in upper case, with Cyrillic look-alikes made Latin."""
    return "".join(typed.split()).upper().translate(_LATIN)


def is_valid_unp(unp: str) -> bool:
    """Whether these nine characters are a УНП whose check digit is right."""
    if len(unp) != 9 or not unp.isascii() or not unp[2:].isdigit():
        return False
    first, second = unp[0], unp[1]
    if first.isdigit() and second.isdigit():
        leading = [int(first), int(second)]
    elif first in FIRST_LETTERS and (second in SECOND_LETTERS or second.isdigit()):
        leading = [int(first, 36), SECOND_LETTERS.index(second) if second in SECOND_LETTERS else int(second)]
    else:
        return False
    digits = leading + [int(character) for character in unp[2:8]]
    check = sum(weight * digit for weight, digit in zip(WEIGHTS, digits, strict=True)) % 11
    return check < 10 and check == int(unp[8])
