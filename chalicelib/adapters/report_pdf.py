from pathlib import Path

FONTS = Path(__file__).resolve().parents[1] / "assets" / "report" / "fonts"
COVERAGE = FONTS / "coverage.txt"
