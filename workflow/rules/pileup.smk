# The minimum-bias events of pile-up, if any view has it.


rule pileup:
    input:
        run.settings_files(),
    output:
        f"{R}/pileup.h5",
    log:
        f"{R}/logs/pileup.log",
    benchmark:
        f"{R}/benchmarks/pileup.tsv"
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(attempt, "pileup"),
        runtime=lambda w, attempt: run.runtime_min(attempt, "pileup"),
    params:
        config=f"{R}/config.yaml",
        depends=run.fingerprint_of_sample(),
    message:
        "Minimum-bias events for pile-up"
    shell:
        "rs3l-data pileup {params.config} --out {output} --log {log} --progress lines"
