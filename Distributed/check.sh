#!/usr/bin/env bash
# Builds l2o-mpi with Open MPI and with MPICH, and runs both: the same bits on any number of ranks and threads, after kills
# and signals, over a network between hosts; errors that end all ranks with one line.
#
#   check.sh [--full] [the scratch folder, .build of the repository where none is given]
#
# Without --full there are fewer updates and fewer kills.
set -euo pipefail
cd "$(dirname "$0")/.."
updates=60 kills=3
if [[ ${1:-} == --full ]]; then
    updates=200 kills=20
    shift
fi
scratch=${1:-$PWD/.build}
work=$(mktemp -d)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

hosts=()
clean_up() {
    for host in "${hosts[@]}"; do ip netns del "$host" 2> /dev/null || true; done
    rm -rf "$work"
}
trap clean_up EXIT

step() { echo "-- $1 (at ${SECONDS} s)"; }
fail() {
    echo "check: $1" >&2
    exit 1
}

# The package manager may take the plan of the folder's last build for this package's.
swift_build() {
    rm -f "$scratch/release/description.json"
    swift build -c release --package-path Distributed --scratch-path "$scratch" --product "$1" > "$work/build" 2>&1 ||
        { cat "$work/build"; exit 1; }
    rm -f "$scratch/release/description.json"
    if grep -E '^[^ ]*Distributed/.*\.swift:[0-9]+:[0-9]+: warning: ' "$work/build"; then fail "warnings"; fi
}
build() {
    L2O_MPI=$1 swift_build l2o-mpi
    cp "$scratch/release/l2o-mpi" "$work/l2o-$1"
    [[ $(ldd "$work/l2o-$1") == *"$2"* ]] || fail "l2o-mpi for $1 does not use $2"
}

step "builds"
build mpich libmpich.so
build openmpi libmpi.so

step "tests of the model of scaling"
swift_build swift-l2o-distributedPackageTests
swift test -c release --disable-xctest --skip-build --package-path Distributed --scratch-path "$scratch" \
    > "$work/tests" 2>&1 || { cat "$work/tests"; exit 1; }
rm -f "$scratch/release/description.json"
tail -n 1 "$work/tests"

# run MPI RANKS ARGUMENTS…; `l2o-mpi` prints nothing but errors.
run() {
    local mpi=$1 ranks=$2
    shift 2
    if [[ $mpi == openmpi ]]; then
        timeout 300 mpirun.openmpi --oversubscribe --bind-to none -n "$ranks" "$work/l2o-openmpi" "$@"
    else
        timeout 300 mpirun.mpich -n "$ranks" "$work/l2o-mpich" "$@"
    fi
}

# Tasks under way at every update, of losses and gradients over many orders of magnitude.
python3 - "$work" "$updates" << 'PYTHON'
import json, sys
folder, updates = sys.argv[1], int(sys.argv[2])
plan = {
    "name": "check", "summary": "small and wide", "optimizer": "rnnprop", "iterations": updates,
    "tasks": ["scaled(quadratic:n=3..9,L=8)", "convex:n=5", "scaled(rosenbrock,L=4)"], "meta_batch": 5,
    "meta_loss": {"kind": "log"}, "meta_optimizer": {"rate": 0.001, "averages": [0.9], "use": 0.9},
    "truncation": {"kind": "log-uniform", "unroll": 4, "shortest": 8, "longest_at_first": 16, "longest": 60,
                   "validation_horizon": 12},
}
estimators = {"first-order": {}, "nres": {"pairs": 2}, "pes": {"pairs": 2}}
for kind, members in estimators.items():
    with open(f"{folder}/{kind}.json", "w") as file:
        json.dump(dict(plan, estimator=dict(members, kind=kind)), file)
# One that takes long enough to be killed at any moment.
with open(f"{folder}/long.json", "w") as file:
    json.dump(dict(plan, iterations=20 * updates, estimator={"kind": "nres", "pairs": 2}), file)
PYTHON

# Everything in a checkpoint but the command that made it.
digest() {
    python3 - "$1" << 'PYTHON'
import hashlib, json, struct, sys
data = open(sys.argv[1] + "/latest.safetensors", "rb").read()
(length,) = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + length])
header["__metadata__"].pop("command", None)
print(hashlib.sha256(json.dumps(header, sort_keys=True).encode() + data[8 + length:]).hexdigest())
PYTHON
}

# Rows of a store's table.
count() { python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1], timeout=20).execute(
    f"SELECT count(*) FROM {sys.argv[2]}").fetchone()[0])' "$1" "$2" 2> /dev/null || echo 0; }

same() { [[ $1 == "$2" ]] || fail "$3: other bits"; }

declare -A expected
for plan in first-order nres pes; do
    step "$plan: $updates updates on 1, 2, 3, 4 ranks"
    for ranks in 1 2 3 4; do
        for threads in 1 2; do
            # In short, two threads on three ranks alone, whose shares are uneven.
            if ((updates < 200 && threads == 2 && ranks != 3)); then continue; fi
            folder=$work/$plan-$ranks-$threads
            run openmpi "$ranks" meta-train --plan "$work/$plan.json" --threads "$threads" --out "$folder" --json > /dev/null
            bits=$(digest "$folder")
            same "$bits" "${expected[$plan]:=$bits}" "$plan on $ranks ranks with $threads threads"
        done
    done
    run mpich 3 meta-train --plan "$work/$plan.json" --threads 1 --out "$work/$plan-mpich" --json > /dev/null
    same "$(digest "$work/$plan-mpich")" "${expected[$plan]}" "$plan by MPICH"
done
[[ $(printf '%s\n' "${expected[@]}" | sort -u | wc -l) == 3 ]] || fail "estimators give the same bits"

step "$kills kills of a random rank at a random moment"
run openmpi 1 meta-train --plan "$work/long.json" --threads 1 --out "$work/whole" --json > /dev/null
whole=$(digest "$work/whole")
killed=0 round=0 slowest=0
while ((killed < kills)); do
    round=$((round + 1))
    folder=$work/killed-$round
    for ((attempt = 0; ; attempt++)); do
        resume=()
        if [[ -e $folder/latest.safetensors ]]; then resume=(--resume); fi
        ranks=$((2 + RANDOM % 3))
        mpirun.openmpi --oversubscribe --bind-to none -n "$ranks" "$work/l2o-openmpi" \
            meta-train --plan "$work/long.json" --threads 1 --out "$folder" --json "${resume[@]}" > "$work/said" 2>&1 &
        job=$!
        if ((killed < kills)); then
            sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
            mapfile -t processes < <(pgrep -P "$job" -f l2o-openmpi || true)
            if ((${#processes[@]} > 0)) && kill -KILL "${processes[RANDOM % ${#processes[@]}]}" 2> /dev/null; then
                began=$SECONDS
                if wait "$job"; then break; fi
                killed=$((killed + 1))
                if ((SECONDS - began > slowest)); then slowest=$((SECONDS - began)); fi
                ((SECONDS - began <= 10)) || fail "a lost rank keeps the others for more than 10 s"
                continue
            fi
        fi
        wait "$job" || { cat "$work/said"; fail "a run that was continued"; }
        break
    done
    same "$(digest "$folder")" "$whole" "after kills"
done
echo "   the others ended within $((slowest + 1)) s"

step "SIGTERM saves, on both; others continue"
for mpi in openmpi mpich; do
    folder=$work/terminated-$mpi
    if [[ $mpi == openmpi ]]; then
        mpirun.openmpi --oversubscribe --bind-to none -n 2 "$work/l2o-openmpi" meta-train \
            --plan "$work/long.json" --threads 1 --out "$folder" --json > "$work/said" 2>&1 &
    else
        mpirun.mpich -n 2 "$work/l2o-mpich" meta-train \
            --plan "$work/long.json" --threads 1 --out "$folder" --json > "$work/said" 2>&1 &
    fi
    job=$!
    for ((wait = 0; wait < 100; wait++)); do
        if [[ -e $folder/metrics.jsonl && $(wc -l < "$folder/metrics.jsonl") -ge 30 ]]; then break; fi
        sleep 0.1
    done
    kill -TERM "$job"
    # MPICH's mpirun may then end with 0.
    wait "$job" || true
    python3 - "$folder" "$((20 * updates))" << 'PYTHON' || fail "$mpi: SIGTERM came too late, or what was done is not saved"
import json, struct, sys
data = open(sys.argv[1] + "/latest.safetensors", "rb").read()
(length,) = struct.unpack("<Q", data[:8])
saved = int(json.loads(data[8:8 + length])["__metadata__"]["iteration"])
done = sum(1 for _ in open(sys.argv[1] + "/metrics.jsonl"))
print(f"   {saved} of {done} iterations saved")
sys.exit(saved != done or done >= int(sys.argv[2]))
PYTHON
    run openmpi 3 meta-train --plan "$work/long.json" --threads 1 --out "$folder" --resume --json > /dev/null
    same "$(digest "$folder")" "$whole" "$mpi: after SIGTERM"
done

step "what differs between ranks, and errors, end all with one line"
refused() {
    local wanted=$1 said
    shift
    if said=$(timeout 60 mpirun.openmpi --oversubscribe --bind-to none "$@" 2>&1); then fail "not refused: $wanted"; fi
    [[ $(grep -c "$wanted" <<< "$said") == 1 ]] || { echo "$said"; fail "not said, or not once: $wanted"; }
}
train=("$work/l2o-openmpi" meta-train --plan "$work/nres.json" --threads 1)
refused "rank 1 on .* has kernels = baseline, not .*set L2O_KERNELS" \
    -n 1 "${train[@]}" --out "$work/e1" : -n 1 -x L2O_KERNELS=baseline "${train[@]}" --out "$work/e1"
refused "rank 1 on .* has seed = 2, not 1 as rank 0" \
    -n 1 "${train[@]}" --seed 1 --out "$work/e2" : -n 1 "${train[@]}" --seed 2 --out "$work/e2"
refused "already holds a meta-training run" -n 3 "${train[@]}" --out "$work/nres-1-1"
refused "rank 1 on .*nothing.json" \
    -n 1 "${train[@]}" --out "$work/e3" : -n 1 "$work/l2o-openmpi" meta-train --plan "$work/nothing.json" --out "$work/e3"

step "races: the same on 1 and 3 ranks"
for ranks in 1 3; do
    run openmpi "$ranks" race --optimizee rosenbrock --optimizer adam:lr=sweep rnnprop --steps 60 --problems 4 \
        --threads 1 --out "$work/race-$ranks" --quiet > /dev/null
done
python3 - "$work" << 'PYTHON' || fail "races differ"
import json, sys
races = [json.load(open(f"{sys.argv[1]}/race-{ranks}/race.json")) for ranks in (1, 3)]
def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items()
                if key not in ("command", "clock", "seconds", "ms_per_step", "update_ms_per_step")}
    return [without_times(item) for item in value] if isinstance(value, list) else value
sys.exit(without_times(races[0]) != without_times(races[1]) or not races[0]["results"])
PYTHON

step "reproductions: ranks share a store, and what a machine that died had begun another computes"
# All but times.
finals() { python3 -c 'import csv, sys
for row in csv.DictReader(open(sys.argv[1] + "/finals.csv")): row.pop("ms_per_step"); print(row)' "$1" | sha256sum; }
reproduction=(reproduce E1 --quick --threads 1 --quiet --json)
if [[ -z ${L2O_DATA_DIR:-} ]]; then
    echo "   SKIPPED: L2O_DATA_DIR does not name a folder with data sets"
else
    for ranks in 1 3; do
        run openmpi "$ranks" "${reproduction[@]}" --out "$work/reproduction-$ranks" > /dev/null
    done
    [[ $(finals "$work/reproduction-1") == "$(finals "$work/reproduction-3")" ]] || fail "reproductions differ"
    if unshare --uts true 2> /dev/null; then
        store=$work/reproduction-2/store.sqlite
        unshare --uts bash -c 'hostname other; exec "$0" "$@"' "$work/l2o-openmpi" "${reproduction[@]}" \
            --out "$work/reproduction-2" > /dev/null 2>&1 &
        job=$!
        for ((wait = 0; wait < 200; wait++)); do
            if [[ -e $store ]] && (($(count "$store" runs) >= 5)); then break; fi
            sleep 0.05
        done
        kill -KILL "$job"
        wait "$job" 2> /dev/null || true
        echo "   $(count "$store" runs) runs before the other was killed, $(count "$store" claims) claimed"
        run openmpi 2 "${reproduction[@]}" --out "$work/reproduction-2" > /dev/null
        [[ $(finals "$work/reproduction-1") == "$(finals "$work/reproduction-2")" ]] || fail "another machine's runs"
        (($(count "$store" claims) == 0)) || fail "claims are left"
    else
        echo "   SKIPPED: the kernel does not let us name another host"
    fi
fi

step "simulate"
run openmpi 2 simulate --plan "$work/first-order.json" --meta-batch 64 --ranks 1 2 64 10000 --measure --json \
    > "$work/simulated"
python3 - "$work/simulated" << 'PYTHON' || fail "simulate"
import json, sys
model = json.load(open(sys.argv[1]))
rows = {row["ranks"]: row for row in model["rows"]}
assert 0 < model["latency"] < 1 and model["bandwidth"] > 1e6, model
real = model["measured"]
assert real["ranks"] == 2 and 0 < real["exchange_seconds"] < real["update_seconds"], real
assert 0 <= real["waiting_seconds"] < real["update_seconds"] and real["replayed_seconds"] > 0, real
assert rows[1]["efficiency"] > 0.9 > rows[10000]["efficiency"] and "meta-batch" in rows[10000]["advice"], rows
PYTHON

step "two hosts: ranks in network namespaces of their own, TCP between them"
name=l2o$$
network() {
    ip netns add "${name}a" && hosts+=("${name}a") && ip netns add "${name}b" && hosts+=("${name}b") &&
        ip -n "${name}a" link add eth0 type veth peer name eth0 netns "${name}b" &&
        ip -n "${name}a" address add 10.213.7.1/24 dev eth0 && ip -n "${name}b" address add 10.213.7.2/24 dev eth0 &&
        for host in "${hosts[@]}"; do ip -n "$host" link set eth0 up && ip -n "$host" link set lo up; done
}
if ! network 2> "$work/network"; then
    echo "   SKIPPED: the kernel does not let us make network namespaces: $(head -n 1 "$work/network")"
else
    # What mpirun starts on the other host, as ssh would.
    cat > "$work/agent" << AGENT
#!/usr/bin/env bash
shift
exec ip netns exec ${name}b unshare --uts bash -c 'hostname other; exec bash -c "\$0"' "\$*"
AGENT
    chmod +x "$work/agent"
    ip netns exec "${name}a" timeout 120 mpirun.openmpi --bind-to none --mca plm_rsh_agent "$work/agent" \
        --mca btl tcp,self --mca pml ob1 -H 10.213.7.1:2,10.213.7.2:2 -n 4 "$work/l2o-openmpi" \
        meta-train --plan "$work/nres.json" --threads 1 --out "$work/hosts" --json > "$work/said" 2>&1 ||
        { cat "$work/said"; fail "two hosts"; }
    same "$(digest "$work/hosts")" "${expected[nres]}" "two hosts"
    read -r sent < <(ip netns exec "${name}a" cat /sys/class/net/eth0/statistics/tx_bytes)
    ((sent > 10000)) || fail "nothing went over the network"
    echo "   $sent bytes sent by the first"
fi
echo "all passed in ${SECONDS} s"
