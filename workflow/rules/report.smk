# One page about the run.


rule report:
    input:
        f"{R}/dataset/dataset.json",
        f"{R}/training/study/metrics.json" if run.config.training is not None else [],
    output:
        f"{R}/report.html",
    log:
        f"{R}/logs/report.log",
    benchmark:
        f"{R}/benchmarks/report.tsv"
    resources:
        mem_mb=lambda w, attempt: attempt * 4000,
        runtime=lambda w, attempt: attempt * 60,
    params:
        results=subpath(output[0], parent=True),
    message:
        "Report {output}"
    shell:
        "rs3l-data report {params.results} --out {output} --log {log}"
