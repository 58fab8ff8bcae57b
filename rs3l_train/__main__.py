"""The command line: ``python -m rs3l_train``, also ``rs3l-train``."""

from __future__ import annotations

import typer

from rs3l_data import ending
from rs3l_data.version import HELP, options
from rs3l_train.commands import (
    benchmark,
    embed,
    evaluate,
    export,
    finetune,
    pretrain,
    run,
    schema,
    study,
)

app = typer.Typer(
    help="Pretrain a network on the views of a dataset, and tag jets with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings=HELP,
)
app.callback()(options)
app.command()(pretrain.pretrain)
app.command()(finetune.finetune)
app.command()(evaluate.evaluate)
app.command()(embed.embed)
app.command()(export.export)
app.command()(study.study)
app.command()(run.run)
app.command()(benchmark.benchmark)
app.command()(schema.schema)


def main() -> None:
    """Run the command line; an error that a user can fix ends it with one message."""
    ending.run(app)


if __name__ == "__main__":
    main()
