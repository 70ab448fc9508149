"""The book's colors: figures, the cards of verdicts and pages take them from here.

Okabe and Ito's, which people with color-blindness tell apart. Orange, sky blue, yellow and purple
are darkened until every one has a contrast of 3:1 or more on paper and on night.
"""

INK, PAPER, NIGHT = "#1b1f24", "#fdfcf9", "#14171a"
ACCENT = "#0b6068"

BLUE, VERMILION, GREEN, AMBER = "#0072b2", "#d55e00", "#009e73", "#b87f00"
PURPLE, SKY, OLIVE, GREY = "#c46f9e", "#2e96d0", "#8c8500", "#868b90"

VERDICTS = {
    "holds": GREEN,
    "holds here": SKY,
    "depends": PURPLE,
    "fails here": AMBER,
    "fails": VERMILION,
    "open": BLUE,
    "checked": GREEN,
    "misprint": VERMILION,
    "by reading": GREY,
}
"""The word of a verdict -> its color."""
