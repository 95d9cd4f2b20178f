SELECT next, moment, bytes, tree FROM log_partition WHERE partition = $1
