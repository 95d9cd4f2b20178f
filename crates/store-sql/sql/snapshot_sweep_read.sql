SELECT swept FROM snapshot_sweep WHERE partition = $1
