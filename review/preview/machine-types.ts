/** A cloud's machines, Amazon's and Google's. */
export const machineTypes = /^(aws:ec2|gcp:compute)\/instance:/;
