# The views of each chunk side by side in a shard, and the manifest of all shards.


rule pack:
    input:
        hard=f"{R}/hard/{{process}}/{{chunk}}.h5",
        views=expand(
            f"{R}/views/{{{{process}}}}/{{{{chunk}}}}/{{view}}.h5",
            view=run.showers,
        ),
    output:
        f"{R}/dataset/{{process}}-{{chunk}}.h5",
    log:
        f"{R}/logs/pack/{{process}}-{{chunk}}.log",
    benchmark:
        f"{R}/benchmarks/pack/{{process}}-{{chunk}}.tsv"
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(attempt, "pack", w.process, w.chunk),
        runtime=lambda w, attempt: run.runtime_min(attempt, "pack", w.process, w.chunk),
    params:
        config=f"{R}/config.yaml",
        depends=lambda w: run.fingerprint("pack", w.process, int(w.chunk)),
    message:
        "Shard {wildcards.process}-{wildcards.chunk}"
    shell:
        "rs3l-data pack {params.config} {input.hard} {input.views} --out {output} --log {log}"


rule manifest:
    input:
        shards=[f"{R}/dataset/{process}-{chunk}.h5" for process, chunk in run.chunks],
        hard=[f"{R}/hard/{process}/{chunk}.h5" for process, chunk in run.chunks],
    output:
        f"{R}/dataset/dataset.json",
    log:
        f"{R}/logs/manifest.log",
    benchmark:
        f"{R}/benchmarks/manifest.tsv"
    resources:
        mem_mb=lambda w, attempt: run.memory_mb(attempt, "manifest"),
        runtime=lambda w, attempt: run.runtime_min(attempt, "manifest"),
    params:
        config=f"{R}/config.yaml",
        dataset=subpath(output[0], parent=True),
        hard=lambda w, input: Path(input.hard[0]).parents[1],
    message:
        "Manifest of the dataset"
    shell:
        "rs3l-data manifest {params.config} {params.dataset} {params.hard} --log {log}"
