UPDATE log_partition SET next = $2, moment = $3, bytes = $4, tree = $5 WHERE partition = $1
