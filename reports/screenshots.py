"""Screenshots of a run: what people saw, as it was."""

from typing import Any

from markupsafe import Markup, escape


def screens(chart: dict[str, Any]) -> Markup:
    """Show all screens of a screenshot, each with the name of whoever looked at it."""
    return Markup("").join(
        Markup('<figure><img alt="{}" src="data:image/png;base64,{}"><figcaption>{}</figcaption></figure>').format(
            f"{chart['caption']} The screen of {screen['name']}.", screen["png"], escape(screen["name"])
        )
        for screen in chart["screens"]
    )
