print("l2o")
