#!/usr/bin/env bash
# Runs a command on a Slurm cluster that is this machine alone, and ends the cluster with it:
#   slurm/one-node.sh snakemake --workflow-profile slurm --configfile config/smoke.yaml
# As root, on a machine or in a container without a Slurm of its own; Debian: apt-get install slurm-wlm munge.
# All that Slurm writes is in a folder that is removed, except for the link by which its commands find their settings.
set -euo pipefail

settings=/run/slurm/conf/slurm.conf  # where they look last: a Slurm that is set up here comes first
for other in "${SLURM_CONF:-}" /etc/slurm/slurm.conf "$settings"; do
    test ! -e "$other" || { echo "$other: this machine has a Slurm of its own" >&2; exit 1; }
done

folder=$(mktemp --directory /tmp/slurm-XXXXXX)
chmod 755 "$folder"
daemons=()
end() {
    scancel --me || true
    kill "${daemons[@]}" || true
    wait
    rm -rf "$settings" "$folder"
}
trap end EXIT
mkdir "$folder"/{state,spool}
mkdir -p "$(dirname "$settings")"
ln -s "$folder/slurm.conf" "$settings"

hardware=$(slurmd -C | sed -n 's/.*\(CPUs=[0-9]*\).*\(RealMemory=[0-9]*\).*/\1 \2/p')
cat > "$folder/slurm.conf" << END
ClusterName=one
SlurmctldHost=localhost
SlurmUser=root
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
ReturnToService=2
NodeName=localhost $hardware
PartitionName=main Nodes=localhost Default=YES
END

head --bytes 1024 /dev/urandom > "$folder/munge.key"
chmod 600 "$folder/munge.key"
munged --foreground --force --socket "$folder/munge.socket" --key-file "$folder/munge.key" \
    --pid-file "$folder/munged.pid" --seed-file "$folder/munged.seed" 2> "$folder/munged.log" &
daemons+=($!)
slurmctld -D -f "$settings" 2> "$folder/slurmctld.err" &
daemons+=($!)
slurmd -D -f "$settings" -N localhost 2> "$folder/slurmd.err" &
daemons+=($!)
timeout 20 bash -c 'until sinfo --noheader --states idle 2> /dev/null | grep --quiet idle; do sleep 0.2; done' ||
    { tail "$folder"/*.log "$folder"/*.err >&2; exit 1; }

"$@"
