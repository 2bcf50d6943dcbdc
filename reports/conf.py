"""Sphinx's configuration: how the handbook looks."""

from pathlib import Path

HERE = Path(__file__).parent

project = "sysdesign"
language = "en"
html_theme = "furo"
html_title = "sysdesign handbook"
html_static_path = [str(HERE / "static")]
html_css_files = ["handbook.css"]
html_favicon = str(HERE / "static" / "icon.svg")
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_search_summary = False  # it would fetch pages, which browsers refuse to do from files
html_use_index = False
html_permalinks_icon = "#"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "github-dark"

LIGHT = {
    "color-brand-primary": "#0b4f79",
    "color-brand-content": "#0b5c8f",
    "color-background-secondary": "#f7f8f9",
    "color-highlight-on-target": "#e3f0fa",
    "verdict-held": "#17703a",
    "verdict-differs": "#6b4fa0",
    "verdict-broken": "#b3261e",
    "verdict-not-observed": "#8a5a00",
    "verdict-not-reached": "#8a5a00",
    "chart-0": "#8b96a3",
    "chart-1": "#1f6fb2",
    "chart-2": "#c4451c",
    "chart-3": "#1d7a55",
    "chart-4": "#7b52ab",
    "chart-5": "#8f6a00",
    "chart-6": "#b03a78",
    "chart-muted": "#5a6572",
    "chart-grid": "#d8dde3",
    "chart-band": "#c4451c1c",
}
DARK = {
    "color-brand-primary": "#8cc8f0",
    "color-brand-content": "#7fbdea",
    "color-highlight-on-target": "#12304a",
    "verdict-held": "#63c987",
    "verdict-differs": "#b9a0ea",
    "verdict-broken": "#ff8a80",
    "verdict-not-observed": "#e0ac4c",
    "verdict-not-reached": "#e0ac4c",
    "chart-0": "#727d89",
    "chart-1": "#63aee8",
    "chart-2": "#f28a63",
    "chart-3": "#5fc795",
    "chart-4": "#b893e6",
    "chart-5": "#d6b04a",
    "chart-6": "#e685b5",
    "chart-muted": "#a3adb8",
    "chart-grid": "#343a42",
    "chart-band": "#f28a6326",
}

html_theme_options = {"light_css_variables": LIGHT, "dark_css_variables": DARK}
