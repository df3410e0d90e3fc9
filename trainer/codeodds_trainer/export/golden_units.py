"""The units whose scores travel with each bundle, so that both sides can check that they compute the same."""

from __future__ import annotations

from codeodds.types import ScoringUnit

GOLDEN_UNITS = (
    ScoringUnit(
        'def clamp(value, low, high):\n    """Limit value to the range from low to high."""\n',
        "    return max(low, min(value, high))\n",
    ),
    ScoringUnit(
        'def clamp(value, low, high):\n    """Limit value to the range from low to high."""\n',
        "    return min(low, max(value, high))\n",
    ),
    ScoringUnit(
        'import re\n\n\ndef initials(name: str) -> str:\n    """First letters of the words of a name, upper case."""\n',
        '    words = re.split(r"\\s+", name.strip())\n    return "".join(word[0] for word in words if word).upper()\n',
    ),
    ScoringUnit(
        "class Account:\n    def withdraw(self, amount):\n        '''Take money out; refuse more than there is.'''\n",
        "        if amount > self.balance:\n            raise ValueError('not enough money')\n"
        "        self.balance -= amount\n",
    ),
    ScoringUnit("", "x = 1\n"),
    ScoringUnit("def greet():\n", '    return "Grüße, 世界 🎉"\n'),
)
"""Plain and hard cases: right and wrong code, a method, no problem at all, characters of several bytes."""
