"""What makes a server behave as the hosted one does on a bad day: durations, queues and faults, all from a seed."""
