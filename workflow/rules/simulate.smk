# One job for the hard events of a chunk, then one for each shower of it, with all its views.


rule hard:
    input:
        lambda w: run.lhe_files(w.process),
        lambda w: run.settings_files(w.process),
    output:
        f"{R}/hard/{{process}}/{{chunk}}.h5",
    log:
        f"{R}/logs/hard/{{process}}-{{chunk}}.log",
    benchmark:
        f"{R}/benchmarks/hard/{{process}}-{{chunk}}.tsv"
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(attempt, "hard", w.process, w.chunk),
        runtime=lambda w, attempt: run.runtime_min(attempt, "hard", w.process, w.chunk),
    params:
        config=f"{R}/config.yaml",
        depends=lambda w: run.fingerprint("hard", w.process, int(w.chunk)),
    message:
        "Hard process {wildcards.process}, chunk {wildcards.chunk}"
    shell:
        "rs3l-data hard {params.config} {wildcards.process} {wildcards.chunk}"
        " --out {output} --log {log} --progress lines"


rule resimulate:
    input:
        hard=f"{R}/hard/{{process}}/{{chunk}}.h5",
        pileup=lambda w: f"{R}/pileup.h5" if run.needs_sample(w.view) else [],
        hepmc=lambda w: run.hepmc_files(w.process, int(w.chunk), w.view),
        settings=lambda w: run.settings_files(view=w.view),
    output:
        f"{R}/views/{{process}}/{{chunk}}/{{view}}.h5",
    log:
        f"{R}/logs/resimulate/{{process}}-{{chunk}}-{{view}}.log",
    benchmark:
        f"{R}/benchmarks/resimulate/{{process}}-{{chunk}}-{{view}}.tsv"
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(
            attempt, "resimulate", w.process, w.chunk, w.view
        ),
        runtime=lambda w, attempt: run.runtime_min(
            attempt, "resimulate", w.process, w.chunk, w.view
        ),
    params:
        config=f"{R}/config.yaml",
        depends=lambda w: run.fingerprint("resimulate", w.process, int(w.chunk), w.view),
        pileup=lambda w, input: f"--pileup {input.pileup}" if input.pileup else "",
    message:
        "Shower {wildcards.view} of {wildcards.process}, chunk {wildcards.chunk}"
    shell:
        "rs3l-data resimulate {params.config} {input.hard} {wildcards.view} {params.pileup}"
        " --out {output} --log {log} --progress lines"
