# Pretraining on the views, then the comparison with a network from scratch on the same labels.
from rs3l_train.config import pretraining_part


rule pretrain:
    input:
        manifest=f"{R}/dataset/dataset.json",
    output:
        f"{R}/training/pretrain/weights.safetensors",
        f"{R}/training/pretrain/metrics.json",
    log:
        f"{R}/logs/train/pretrain.log",
    benchmark:
        f"{R}/benchmarks/train/pretrain.tsv"
    threads: 2
    resources:
        mem_mb=lambda w, attempt: attempt * 4000,
        runtime=lambda w, attempt: attempt * 720,
    params:
        config=f"{R}/config.yaml",
        dataset=subpath(input.manifest, parent=True),
        folder=subpath(output[0], parent=True),
        depends=pretraining_part(run.config.training or {}),
    message:
        "Pretraining"
    shell:
        "rs3l-train pretrain --data {params.dataset} --config {params.config}"
        " --out {params.folder} --log {log}"


rule study:
    input:
        manifest=f"{R}/dataset/dataset.json",
        pretrained=f"{R}/training/pretrain/weights.safetensors",
    output:
        f"{R}/training/study/metrics.json",
    log:
        f"{R}/logs/train/study.log",
    benchmark:
        f"{R}/benchmarks/train/study.tsv"
    threads: 2
    resources:
        mem_mb=lambda w, attempt: attempt * 4000,
        runtime=lambda w, attempt: attempt * 720,
    params:
        config=f"{R}/config.yaml",
        dataset=subpath(input.manifest, parent=True),
        pretrained=subpath(input.pretrained, parent=True),
        folder=subpath(output[0], parent=True),
        depends=run.config.training,
    message:
        "Probe, fine-tuned and from-scratch taggers"
    shell:
        "rs3l-train study --data {params.dataset} --config {params.config}"
        " --pretrained {params.pretrained} --out {params.folder} --log {log}"
