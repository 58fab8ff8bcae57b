# `snakemake validation`: the views against Pythia in one go, which saves and restores nothing.
from rs3l_data.describe.references import (
    needs_sample,
    onepass_chunks,
    require_comparable,
)


def one_pass_events(_wildcards):
    require_comparable(run.config)
    return [
        f"{R}/onepass/{sample}/{process}-{chunk}.h5"
        for sample in run.references
        for process, chunk in onepass_chunks(run.config)
    ]


rule onepass:
    input:
        pileup=lambda w: (
            f"{R}/pileup.h5"
            if needs_sample(run.config, run.references[w.sample])
            else []
        ),
        settings=lambda w: run.settings_files(w.process, w.sample),
    output:
        f"{R}/onepass/{{sample}}/{{process}}-{{chunk}}.h5",
    log:
        f"{R}/logs/onepass/{{process}}-{{chunk}}-{{sample}}.log",
    benchmark:
        f"{R}/benchmarks/onepass/{{process}}-{{chunk}}-{{sample}}.tsv"
    wildcard_constraints:
        sample="|".join(run.references),
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(
            attempt, "onepass", w.process, w.chunk, w.sample
        ),
        runtime=lambda w, attempt: run.runtime_min(
            attempt, "onepass", w.process, w.chunk, w.sample
        ),
    params:
        config=f"{R}/config.yaml",
        depends=lambda w: run.fingerprint_of_onepass(w.process, int(w.chunk), w.sample),
        pileup=lambda w, input: f"--pileup {input.pileup}" if input.pileup else "",
    message:
        "One-pass Pythia with the settings of {wildcards.sample}: {wildcards.process}, chunk {wildcards.chunk}"
    shell:
        "rs3l-data onepass {params.config} {wildcards.process} {wildcards.chunk}"
        " --view {wildcards.sample} {params.pileup} --out {output} --log {log} --progress lines"


rule validation:
    input:
        f"{R}/dataset/dataset.json",
        one_pass_events,
    output:
        page=f"{R}/validation.html",
        numbers=f"{R}/validation.json",
    log:
        f"{R}/logs/validation.log",
    benchmark:
        f"{R}/benchmarks/validation.tsv"
    resources:
        mem_mb=lambda w, attempt: attempt * 4000,
        runtime=lambda w, attempt: attempt * 60,
    params:
        results=subpath(output.page, parent=True),
        depends=run.config.validation.model_dump(),
    message:
        "Validation {output.page}"
    shell:
        "rs3l-data validation {params.results} --out {output.page} --log {log}"
