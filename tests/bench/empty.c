// empty.c - the program that does nothing: what starting any program costs here.
int main(void) {
    return 0;
}
