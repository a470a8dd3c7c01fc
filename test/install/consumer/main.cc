#include <cstdio>
#include <latchkey/client.hpp>

int main() { std::puts(lk_version()); }
