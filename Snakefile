# So that `snakemake` works at the root of the repository.
include: "workflow/Snakefile"


# What an included file declares as its target is not that of this one.
rule default:
    default_target: True
    input:
        rules.all.input,
