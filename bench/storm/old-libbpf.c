/* A libbpf from before 0.6, as far as the agent looks at it: it does not tell its version and lacks functions of today. To be put where the loader finds it first. */
void *libbpf_set_print(void *print) {
  (void)print;
  return 0;
}
