#!/bin/sh
# Says what has become of a job, by its number: running, success or failed. Asks the controller, so no accounting is
# needed; when that does not answer, nothing has changed.
answer=$(scontrol --oneliner show job "$1" 2>&1)
case "$answer" in
    *JobState=COMPLETED*) echo success ;;
    *JobState=PENDING* | *JobState=RUNNING* | *JobState=CONFIGURING* | *JobState=COMPLETING*) echo running ;;
    *JobState=SUSPENDED* | *JobState=REQUEUE* | *JobState=STOPPED* | *JobState=SIGNALING*) echo running ;;
    *JobState=* | *"Invalid job id"*) echo failed ;;
    *) echo running ;;
esac
