"""Small parametrised drawings in the palette's custom properties: vessels cut open, plates, things on them.

Every function returns SVG shapes for the same 96 x 72 field: they stand on one table line, light falls from the upper
left, strokes are 1.75 and round, fills are flat. No ids and no style attributes (the content policy forbids inline
styles). Which drawing shows under which key is for `illustrations.py` to say.
"""

from math import sqrt
from typing import TypeAlias

FLOOR = 60.0
INK = 'fill="none" stroke="var(--art-ink)" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'
Layer: TypeAlias = tuple[float, str]
"""How high it reaches (1 is the brim) and the palette's name of the colour; later layers lie deeper."""


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def fill(path: str, colour: str) -> str:
    return f'<path d="{path}" fill="var(--art-{colour})"/>'


def line(path: str) -> str:
    return f'<path d="{path}" {INK}/>'


def _shine(path: str) -> str:
    stroke = 'fill="none" stroke="var(--art-shine)" stroke-width="1.6" stroke-linecap="round" opacity=".8"'
    return f'<path d="{path}" {stroke}/>'


def dot(x: float, y: float, radius: float, colour: str, *, inked: bool = False) -> str:
    disc = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="var(--art-{colour})"/>'
    return disc + (f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" {INK}/>' if inked else "")


def shadow(centre: float, half: float) -> str:
    return f'<ellipse cx="{_n(centre + 3)}" cy="{_n(FLOOR + 1.5)}" rx="{_n(half)}" ry="3" fill="var(--art-shade)"/>'


def vapour(centre: float, top: float) -> str:
    curls = "".join(f"M{_n(x)} {_n(top - 4)}c-2.4-2.6 2.4-4.2 0-7" for x in (centre - 7, centre, centre + 7))
    return line(curls)


def bowl(centre: float, top: float, bottom: float, half: float, *, bend: float = 0.45) -> str:
    """The outline of a cup: straight sides that close in half an ellipse."""
    knee = top + (bottom - top) * bend
    deep = bottom - knee
    return (
        f"M{_n(centre - half)} {_n(top)}H{_n(centre + half)}V{_n(knee)}"
        f"A{_n(half)} {_n(deep)} 0 0 1 {_n(centre - half)} {_n(knee)}Z"
    )


def in_bowl(centre: float, top: float, bottom: float, half: float, level: float) -> str:
    """What fills such a cup from `level` (1 is the brim) down to its bottom."""
    knee = top + (bottom - top) * 0.45
    deep = bottom - knee
    y = bottom - (bottom - top) * level
    if y <= knee:
        return (
            f"M{_n(centre - half)} {_n(y)}H{_n(centre + half)}V{_n(knee)}"
            f"A{_n(half)} {_n(deep)} 0 0 1 {_n(centre - half)} {_n(knee)}Z"
        )
    reach = half * sqrt(1 - ((y - knee) / deep) ** 2)
    return (
        f"M{_n(centre - reach)} {_n(y)}H{_n(centre + reach)}A{_n(half)} {_n(deep)} 0 0 1 {_n(centre - reach)} {_n(y)}Z"
    )


def cup(height: float, half: float, layers: list[Layer], *, steam: bool = True, saucer: bool = True) -> str:
    """A china cup cut open, `height` tall and twice `half` wide, with an ear on the right."""
    base = FLOOR - (3.5 if saucer else 0)
    top, centre = base - height, 46.0
    knee = top + height * 0.45
    body = bowl(centre, top, base, half)
    ear = half * 0.55
    parts = [shadow(centre, half + 10), fill(body, "white")]
    parts += [fill(in_bowl(centre, top + 3, base - 2.6, half - 2.6, level), colour) for level, colour in layers]
    parts.append(
        fill(
            f"M{_n(centre + half)} {_n(top)}V{_n(knee)}A{_n(half)} {_n(base - knee)} 0 0 1 {_n(centre)} {_n(base)}"
            f"A{_n(half - 6)} {_n(base - knee)} 0 0 0 {_n(centre + half - 6)} {_n(knee)}V{_n(top)}Z",
            "shade",
        )
    )
    ear_line = (
        f"M{_n(centre + half)} {_n(top + 4)}h{_n(ear * 0.45)}"
        f"a{_n(ear * 0.8)} {_n(ear * 0.8)} 0 0 1 0 {_n(ear * 1.6)}h-{_n(ear * 0.7)}"
    )
    parts.append(line(body + ear_line))
    if saucer:
        parts.append(line(f"M{_n(centre - half - 8)} {_n(FLOOR)}H{_n(centre + half + 8)}"))
    if steam:
        parts.append(vapour(centre, top))
    return "".join(parts)


def glass(height: float, brim: float, foot: float, layers: list[Layer], extra: str = "") -> str:
    """A straight glass, half as wide as `brim` at the top and `foot` below, with its layers seen through it."""
    top, centre = FLOOR - height, 48.0

    def edge(level: float, inset: float) -> float:
        return foot + (brim - foot) * level - inset

    outline = f"M{_n(centre - brim)} {_n(top)}H{_n(centre + brim)}L{_n(centre + foot)} {_n(FLOOR)}H{_n(centre - foot)}Z"
    parts = [shadow(centre, foot + 8), fill(outline, "glass")]
    for level, colour in layers:
        y, deep = FLOOR - (height - 3) * level, FLOOR - 2.6
        parts.append(
            fill(
                f"M{_n(centre - edge(level, 2.4))} {_n(y)}H{_n(centre + edge(level, 2.4))}"
                f"L{_n(centre + edge(0.04, 2.4))} {_n(deep)}H{_n(centre - edge(0.04, 2.4))}Z",
                colour,
            )
        )
    parts.append(extra)
    parts.append(
        fill(f"M{_n(centre + brim - 6)} {_n(top)}h6L{_n(centre + foot)} {_n(FLOOR)}h-5Z", "shade")
        + _shine(f"M{_n(centre - brim + 5)} {_n(top + 6)}l{_n((brim - foot) * 0.5)} {_n(height * 0.5)}")
    )
    parts.append(line(outline))
    return "".join(parts)


def ice(*spots: tuple[float, float]) -> str:
    return "".join(
        f'<rect x="{_n(x)}" y="{_n(y)}" width="8" height="8" rx="1.5" fill="var(--art-ice)" opacity=".85" '
        f'stroke="var(--art-ink)" stroke-width="1.2" transform="rotate({turn} {_n(x + 4)} {_n(y + 4)})"/>'
        for (x, y), turn in zip(spots, (-14, 10, 24), strict=False)
    )


def straw(top: float) -> str:
    return line(f"M52 {_n(top + 22)}L58 {_n(top - 10)}l7-2")


def plate() -> str:
    return shadow(48, 34) + line(f"M16 {_n(FLOOR)}H80") + line(f"M26 {_n(FLOOR)}q2 4 6 4h32q4 0 6-4")


def croissant() -> str:
    body = "M17 57C17 36 32 24 48 24s31 12 31 33c-4 1-8-1-10-5-5-7-12-10-21-10s-16 3-21 10c-2 4-6 6-10 5Z"
    return (
        shadow(48, 34)
        + fill(body, "crust")
        + fill("M79 57c-4 1-8-1-10-5-3-4.5-6.5-7.2-11-8.6L66 29c8 6 13 16 13 28Z", "shade")
        + line(body)
        + line("M33 43.5 27 32M42 40l-3-14.7M54 40l3-14.7M63 43.5 69 32")
        + line("M15 60H81")
    )


def filled_roll() -> str:
    return (
        plate()
        + fill("M20 56q0-6 5-6h46q5 0 5 6v1q0 3-4 3H24q-4 0-4-3Z", "crust")
        + fill("M19 50c4-5 8 1 12-3s8 3 12-1 8 3 12-1 8 4 11 1 6-1 10 3v2H19Z", "leaf")
        + fill("M22 44h52l-3 4H25Z", "clay")
        + fill("M20 43C20 32 32 26 48 26s28 6 28 17c0 1.5-1 2-2.5 2h-51C21 45 20 44.5 20 43Z", "crust")
        + fill("M62 28.5C71 31 76 36 76 43c0 1.5-1 2-2.5 2H64c2-6 2-11-2-16.5Z", "shade")
        + line("M20 43C20 32 32 26 48 26s28 6 28 17c0 1.5-1 2-2.5 2h-51C21 45 20 44.5 20 43Z")
        + line("M20 54v3q0 3 4 3h48q4 0 4-3v-3M19 50c4-5 8 1 12-3s8 3 12-1 8 3 12-1 8 4 11 1 6-1 10 3")
        + line("M38 33l3-2M48 31l3 1M57 35l3-1")
    )


def toast() -> str:
    slice_ = "M26 34c-5-3-5-14 6-14h32c11 0 11 11 6 14v22q0 4-4 4H30q-4 0-4-4Z"
    return (
        shadow(48, 30)
        + fill(slice_, "crust")
        + fill("M31 33c-4-3-3-9 3-9h28c6 0 7 6 3 9v21q0 2-2 2H33q-2 0-2-2Z", "cream")
        + fill("M34 40c0-8 8-11 16-10s13 5 12 12-7 10-15 9-13-4-13-11Z", "leaf")
        + dot(48, 40, 5, "sun")
        + fill("M65 33v21q0 2-2 2h-5V24h4c6 0 7 6 3 9Z", "shade")
        + line(slice_)
        + line("M22 60H74")
    )


def cookie() -> str:
    chips = "".join(
        dot(x, y, r, "coffee") for x, y, r in ((40, 32, 3), (53, 29, 2.4), (58, 42, 3.2), (45, 46, 2.6), (35, 43, 2.2))
    )
    return (
        shadow(48, 24)
        + dot(48, 38, 21, "crust")
        + fill("M58 19.5A21 21 0 0 1 48 59a26 26 0 0 0 10-39.5Z", "shade")
        + chips
        + line("M67.5 30.2A21 21 0 1 1 59 20q-1 4 3 5 0 4 5.5 5.2Z")
        + line("M24 60H74")
    )


def cake() -> str:
    return (
        plate()
        + fill("M24 60V40L62 26l12 14v20Z", "cream")
        + fill("M24 46h50v5H24Z", "berry")
        + fill("M24 40 62 26l12 14Z", "white")
        + fill("M62 40h12v20H62Z", "shade")
        + dot(57, 27, 4.5, "berry", inked=True)
        + line("M24 60V40L62 26l12 14v20ZM24 40h50M24 46h50M24 51h50")
    )


def muffin() -> str:
    return (
        shadow(48, 22)
        + fill("M33 42h30l-4 18H37Z", "clay")
        + fill("M30 42c-5-7 1-14 7-13 2-8 20-8 22 0 7-1 12 6 7 13Z", "crust")
        + fill("M59 29c7-1 12 6 7 13H55c5-4 6-8 4-13ZM57 42h6l-4 18h-5Z", "shade")
        + dot(42, 34, 2.2, "berry")
        + dot(52, 31, 2.2, "berry")
        + dot(56, 37, 2.2, "berry")
        + line("M30 42c-5-7 1-14 7-13 2-8 20-8 22 0 7-1 12 6 7 13ZM33 42l4 18h22l4-18M42 43l1.5 16M54 43l-1.5 16")
        + line("M22 60H74")
    )


def loaf() -> str:
    return (
        plate()
        + fill("M22 60V42c0-9 6-13 12-13h30c6 0 12 4 12 13v18Z", "crust")
        + fill("M22 60V42c0-9 6-13 12-13s12 4 12 13v18Z", "cream")
        + fill("M66 29c6 .5 10 5 10 13v18H64Z", "shade")
        + line("M22 60V42c0-9 6-13 12-13h30c6 0 12 4 12 13v18ZM34 29c6 0 12 4 12 13v18M56 36v6M65 36v6")
        + dot(31, 44, 1.6, "coffee")
        + dot(37, 51, 1.6, "coffee")
        + dot(30, 54, 1.4, "coffee")
    )


def salad() -> str:
    return (
        shadow(48, 28)
        + fill("M23 40c-3-8 6-11 9-8 0-9 13-11 16-4 4-6 14-3 14 4 6-4 14 1 11 8Z", "leaf")
        + dot(40, 34, 4.5, "berry", inked=True)
        + dot(60, 35, 3.6, "sun", inked=True)
        + line("M23 40c-3-8 6-11 9-8 0-9 13-11 16-4 4-6 14-3 14 4 6-4 14 1 11 8M50 36c0-4 2-6 4-7M31 38c0-2 1-4 3-5")
        + fill("M18 40h60c0 12-8 20-18 20H36c-10 0-18-8-18-20Z", "white")
        + fill("M78 40c0 12-8 20-18 20h-8c10-3 16-10 17-20Z", "shade")
        + line("M18 40h60c0 12-8 20-18 20H36c-10 0-18-8-18-20Z")
    )


def soup() -> str:
    bowl = "M20 36h56c0 14-9 24-20 24H40c-11 0-20-10-20-24Z"
    return (
        shadow(48, 28)
        + fill(bowl, "white")
        + fill("M23 40h50c-1 4-3 8-6 11-9 3-29 3-38 0-3-3-5-7-6-11Z", "clay")
        + fill("M76 36c0 14-9 24-20 24h-8c10-3 17-12 18-24Z", "shade")
        + dot(40, 44, 2, "leaf")
        + dot(52, 46, 2, "leaf")
        + dot(60, 43, 1.6, "leaf")
        + line(bowl + "M20 40h56")
        + vapour(48, 34)
    )


def yoghurt() -> str:
    pot = glass(26, 21, 16, [(0.92, "white"), (0.4, "berry")])
    berries = (
        dot(42, 31, 3.6, "berry", inked=True)
        + dot(50, 29, 3.6, "sky", inked=True)
        + dot(57, 32, 2.8, "sun", inked=True)
    )
    return berries + pot


def bottle(colour: str, cap: str, *, fruit: bool) -> str:
    body = "M41 16h14v7c0 4 6 6 6 13v21q0 3-3 3H38q-3 0-3-3V36c0-7 6-9 6-13Z"
    label = fill("M35 41h26v11H35Z", "white") + (
        dot(48, 46.5, 3.6, "sun", inked=True) if fruit else line("M43 46.5q2.5-3 5 0t5 0")
    )
    return (
        shadow(48, 20)
        + fill(body, "glass")
        + fill("M37.4 38c0-6 4-8 5.6-12h10c1.6 4 5.6 6 5.6 12v19q0 1-1 1H38.4q-1 0-1-1Z", colour)
        + label
        + fill("M55 23c0 4 6 6 6 13v21q0 3-3 3h-4V25Z", "shade")
        + line(body + "M35 41h26M35 52h26")
        + fill("M41 11h14v5H41Z", cap)
        + line("M41 11h14v5H41Z")
    )


def paper_bag() -> str:
    return (
        shadow(48, 24)
        + fill("M32 20h32l3 6v31q0 3-3 3H32q-3 0-3-3V26Z", "milk")
        + fill("M64 20l3 6v31q0 3-3 3h-8V20Z", "shade")
        + fill("M36 34h24v18H36Z", "white")
        + line("M32 20h32l3 6v31q0 3-3 3H32q-3 0-3-3V26ZM29 26h38M36 34h24v18H36Z")
        + '<ellipse cx="48" cy="43" rx="4.6" ry="6.4" transform="rotate(28 48 43)" fill="var(--art-coffee)"/>'
        + _shine("M45.2 48c3.4-2 .6-6 4.8-9.6")
        + line("M40 20v-4h16v4")
    )


def mug(colour: str) -> str:
    return (
        shadow(46, 24)
        + fill("M28 26h34v30q0 4-4 4H32q-4 0-4-4Z", colour)
        + fill("M54 26h8v30q0 4-4 4h-4Z", "shade")
        + line("M28 26h34v30q0 4-4 4H32q-4 0-4-4ZM62 32h5a8 8 0 0 1 8 8v3a8 8 0 0 1-8 8h-5")
        + _shine("M34 33v14")
    )


def to_go(colour: str) -> str:
    return (
        shadow(48, 20)
        + fill("M34 24h28l-3 36H37Z", "white")
        + fill("M35.2 36h25.6l-1.3 14h-23Z", colour)
        + fill("M56 24h6l-3 36h-5Z", "shade")
        + fill("M32 19h32v5H32Z", "white")
        + line("M34 24l3 36h22l3-36M32 19h32v5H32ZM36 19l1-4h22l1 4M35.2 36h25.6M36.5 50h23")
    )


def scoops() -> str:
    dish = "M28 40h40c0 9-8 13-16 13h-8c-8 0-16-4-16-13Z"
    return (
        shadow(48, 18)
        + dot(40, 33, 9, "cream", inked=True)
        + dot(55, 32, 9, "berry", inked=True)
        + fill(dish, "glass")
        + fill("M68 40c0 9-8 13-16 13 5-3 8-7 9-13Z", "shade")
        + line(dish + "M48 53v7M38 60h20")
    )


def covered_dish() -> str:
    return (
        plate()
        + fill("M22 58a26 26 0 0 1 52 0Z", "white")
        + fill("M60 35.5A26 26 0 0 1 74 58h-9c0-9-1-16-5-22.5Z", "shade")
        + line("M22 58a26 26 0 0 1 52 0ZM48 32v-3")
        + dot(48, 27, 2.6, "clay", inked=True)
    )
