"""A peer's side of a pair: reads a line of JSON, answers with one, until its input ends (see ../README.md).

    {"prepare": {"operation": "step", "optimizer": "rnnprop", "form": "jax-plain", "parameters": 15910, "threads": 1}}
    {"measure": {"operations": 10}}
"""
import json
import os
import resource
import sys
import time

WARM_UPS = 2


def resident():
    """Bytes that this process holds now; None where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return None


def peak():
    """The most bytes that this process ever held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def timed(operation, times):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        operation()
        seconds.append(time.perf_counter() - start)
    return seconds


def prepare(job):
    """The library's name, the operation as a function, and the bytes held before it had anything of its own."""
    library, form = job["form"].split("-", 1)
    if library == "jax":
        import jax_step as step, jax_training as training
    else:
        import torch
        import torch_gradient, torch_step as step, torch_training as training
        torch.set_num_threads(job["threads"])
    if job["operation"] == "step":
        operation, before = step.make(form, job["optimizer"], job["parameters"], job["threads"], resident)
    elif job["operation"] == "gradient":
        before = resident()
        operation = torch_gradient.make(form, job["optimizer"])
    else:
        before = resident()
        operation = training.make(form, job["optimizer"], job["periods"])
    return step.NAME, operation, before


def main():
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    operation = before = None
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if "prepare" in request:
                name, operation, before = prepare(request["prepare"])
                answer = {"name": name, "seconds": timed(operation, WARM_UPS)}
            else:
                answer = {"seconds": timed(operation, request["measure"]["operations"]), "peak_bytes": peak()}
                if before is not None:
                    answer["own_bytes"] = answer["peak_bytes"] - before
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
