"""People who do not exist: names put together from syllables, the common ones common, a few with accents."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import accumulate
from random import Random

SYLLABLES = """
ba ber bel bou car cas cor dal del dra dor ell fa fer fis gar gre gué hal hol ho ja jan ka kel kow kro la lan len lö ma mar mei mül na nel
no ny öz os pe pol pré que ra rei ro ry sa schu sen sil smi so són ta ten tor tri ul ur va vel vi wal wei wil ya zel zi åk
"""
ENDINGS = "berg dez er es ford haus in is kova ler man ner o ová ron s sen ska son stein ton wicz y"
FAMILIES, GIVEN = 30_000, 3_000


class Names:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._families = self._made(FAMILIES, 1, 3)
        self._given = self._made(GIVEN, 1, 2)

    def family(self) -> str:
        name = self._one(self._families)
        return f"{name}-{self._one(self._families)}" if self._random.random() < 0.04 else name

    def given(self) -> str:
        name = self._one(self._given)
        return f"{name} {self._one(self._given)}" if self._random.random() < 0.3 else name

    def birth_date(self) -> date:
        return date(1930, 1, 1) + timedelta(days=self._random.randrange(33_000))

    def _made(self, number: int, shortest: int, longest: int) -> tuple[list[str], list[float]]:
        syllables, endings, made = SYLLABLES.split(), ENDINGS.split(), dict[str, None]()
        while len(made) < number:
            parts = self._random.choices(syllables, k=self._random.randint(shortest, longest))
            made["".join([*parts, self._random.choice(endings)]).capitalize()] = None
        return list(made), list(accumulate((rank + 1) ** -0.8 for rank in range(number)))

    def _one(self, stock: tuple[list[str], list[float]]) -> str:
        names, weights = stock
        return self._random.choices(names, cum_weights=weights)[0]
